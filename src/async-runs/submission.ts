// The body of POST /runs: one run, or a batch of runs.

import { z } from 'zod'
import { expected, unknownField } from '../run/fields.ts'
import { countFaults, describeIssues, judged, MAX_FAULTS } from '../run/issues.ts'
import { Refusal } from '../run/refusal.ts'
import { type RequestLimits, type RunRequest, runRequestSchema } from '../run/request.ts'
import { webhookSchema } from '../webhooks/webhook-schema.ts'
import { MAX_BATCH_RUNS, type NewRun } from './async-runs.ts'

const webhook = webhookSchema.optional().describe('Webhook that is called when the run ends')

const noWebhook = z
  .never('this server sends no webhooks; its operator can enable them with WEBHOOKS=on')
  .optional()
  .describe('This server sends no webhooks')

type SubmittedRun = Pick<NewRun, 'request' | 'webhook'>

/** The schemas of the two forms of the body, under an operator's limits. */
export function submissionSchemas(limits: RequestLimits, sendsWebhooks: boolean) {
  const one = runRequestSchema(limits).safeExtend({ webhook: sendsWebhooks ? webhook : noWebhook })
  return { one, batch: batchOf(one), anyBatch: batchOf(z.unknown()) }
}

function batchOf<T extends z.ZodType>(run: T) {
  return z.strictObject(
    {
      runs: z
        .array(run, { error: expected('an array of runs') })
        .min(1, 'must have at least 1 item')
        .max(MAX_BATCH_RUNS, `must have at most ${MAX_BATCH_RUNS} items`),
    },
    { error: unknownField('a JSON object') },
  )
}

/** Whether a body has the form of a batch, and must be a good one. */
export function isBatch(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, 'runs')
}

/**
 * The runs that a body asks for.
 * @throws {Refusal} `invalid_request` that names each bad field.
 */
export function parseSubmission(
  body: unknown,
  { one, anyBatch }: ReturnType<typeof submissionSchemas>,
): SubmittedRun[] {
  if (!isBatch(body)) return [submitted(judged(one, body))]
  const { runs } = judged(anyBatch, body)
  const issues: z.core.$ZodIssue[] = []
  const good: SubmittedRun[] = []
  for (const [index, run] of runs.entries()) {
    const { data, error } = one.safeParse(run)
    if (data) good.push(submitted(data))
    for (const issue of error?.issues ?? []) {
      issues.push({ ...issue, path: ['runs', index, ...issue.path] })
    }
    // Further faults would not be named.
    if (countFaults(issues) > MAX_FAULTS) break
  }
  if (issues.length > 0) throw new Refusal('invalid_request', describeIssues(issues))
  return good
}

function submitted({ webhook, ...request }: RunRequest & Pick<NewRun, 'webhook'>) {
  return { request, webhook }
}
