// POST /runs, GET and DELETE /runs/{id}, GET /runs/{id}/events: runs that are asked for now and read later.

import { createHash, randomUUID } from 'node:crypto'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { describeRoute } from 'hono-openapi'
import type { SharedBound } from '../admission/shared-bound.ts'
import {
  type AsyncRuns,
  BEFORE_ALL,
  EVENT_ID,
  type Idempotency,
  LAST_EVENT_ID,
  type NewRun,
  type SentRun,
} from '../async-runs/async-runs.ts'
import { isAfter } from '../async-runs/event-log.ts'
import { isBatch, parseSubmission, submissionSchemas } from '../async-runs/submission.ts'
import type { ApiKey } from '../keys/api-key.ts'
import { type AppEnv, readingOf, runOrigin } from '../middleware/app-env.ts'
import { parseJsonBody } from '../middleware/json-body.ts'
import { noStore } from '../middleware/no-store.ts'
import {
  cancelRunOperation,
  findRunOperation,
  runEventsOperation,
  submitOperation,
} from '../openapi/async-operations.ts'
import { jsonBytes } from '../run/json-bytes.ts'
import { clientName } from '../run/record.ts'
import { Refusal, toRefusal } from '../run/refusal.ts'
import { byKeyLimits, type RequestLimits } from '../run/request.ts'
import type { Reading } from '../run-log/run-store.ts'
import type { LoggedRun } from '../run-log/schema.ts'
import { AsyncRunEvents } from '../streams/async-run-events.ts'
import { sendEvents } from '../streams/send-events.ts'
import { sendJson } from '../streams/send-json.ts'

/** The form of the ids that are given out here: nothing else is looked for. */
const RUN_ID = /^[0-9a-f-]{36}$/
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

export interface AsyncRunsRouteOptions {
  asyncRuns: AsyncRuns
  limits: RequestLimits
  sendsWebhooks: boolean
  /** What a post must pass before its body is read. */
  guard: MiddlewareHandler<AppEnv>
  /** What everything else must pass: any key, where keys are asked for. */
  guardReading: MiddlewareHandler<AppEnv>
  /** Undefined where finished runs are not kept. */
  runLog: LoggedRuns | undefined
  /** Counts what was made for clients and not read. */
  unread: SharedBound
  /** Told of what fails when an answer has begun and has its status. */
  onRefusal: (refusal: Refusal, requestId: string) => void
}

/** Finished runs that are kept longer, for those who may read them. */
export interface LoggedRuns {
  isReader: (key: ApiKey | undefined) => boolean
  find: (id: string, reading: Reading) => Promise<LoggedRun | undefined>
}

export function asyncRunsRoute(options: AsyncRunsRouteOptions) {
  const { asyncRuns, limits, sendsWebhooks, guard, guardReading, runLog, unread } = options
  const schemasFor = byKeyLimits(limits, (own) => submissionSchemas(own, sendsWebhooks))
  const streams = new AsyncRunEvents({ asyncRuns, unread })

  /** The run in the path, where it is there and this client may do this with it. */
  const find = async (c: Context<AppEnv, '/:id'>, isAllowed: IsAllowed) => {
    const id = c.req.param('id')
    const run = RUN_ID.test(id) ? await asyncRuns.find(id) : undefined
    return run && isAllowed(c.get('key'), run.owner) ? run : undefined
  }

  return new Hono<AppEnv>()
    .use('/runs/*', noStore)
    .post('/runs', describeRoute(submitOperation(limits, sendsWebhooks)), guard, async (c) => {
      const key = idempotencyKey(c)
      const text = await c.req.text()
      const body = parseJsonBody(text)
      const origin = runOrigin(c)
      const asked = parseSubmission(body, schemasFor(origin.key)).map(
        (run): NewRun => ({ id: randomUUID(), origin, ...run }),
      )
      const idempotency = key === undefined ? undefined : { key, digest: digestOf(text) }
      const runs = await submit(c, asyncRuns, asked, idempotency)
      const [first] = runs
      if (!first) throw new Error('a post asks for one run at least')
      return isBatch(body)
        ? sendJson(c, listOf(runs), 202)
        : sendJson(c, first.json, 202, { Location: `/runs/${first.id}` })
    })
    .get(
      '/runs/:id',
      describeRoute(findRunOperation(runLog !== undefined)),
      guardReading,
      async (c) => {
        const run = await find(c, mayRead)
        if (run) {
          if (!run.isEnded) c.header('Retry-After', '1')
          return sendJson(c, run.json)
        }
        const logged =
          runLog?.isReader(c.get('key')) && (await runLog.find(c.req.param('id'), readingOf(c)))
        if (!logged) throw noSuchRun()
        return sendJson(c, await jsonBytes(logged))
      },
    )
    .delete('/runs/:id', describeRoute(cancelRunOperation), guardReading, async (c) => {
      const run = await find(c, isOwner)
      const cancelled = run && (await asyncRuns.cancel(run.id))
      if (!cancelled) throw noSuchRun()
      return sendJson(c, cancelled.json)
    })
    .get('/runs/:id/events', describeRoute(runEventsOperation), guardReading, async (c) => {
      const after = lastEventId(c)
      const run = await find(c, mayRead)
      if (!run) throw noSuchRun()
      // A browser connects again for ever, until it is told that nothing comes any more.
      if (!isAfter(LAST_EVENT_ID, after)) return c.body(null, 204)
      const stream = streams.open(run.id, after, {
        client: clientName({ key: c.get('key'), client: c.get('client') }),
        signal: c.req.raw.signal,
        onFailed: (error) => options.onRefusal(toRefusal(error), c.get('requestId')),
        onStream: (ended) => void ended.then(c.get('logLine').hold()),
      })
      return sendEvents(c, stream)
    })
}

/** Whether a client with this key may do something with a run of this owner's. Without keys, who knows the id may. */
type IsAllowed = (key: ApiKey | undefined, owner: string) => boolean

const isOwner: IsAllowed = (key, owner) => !key || clientName({ key, client: '' }) === owner

const mayRead: IsAllowed = (key, owner) =>
  isOwner(key, owner) || key?.rights.includes('read-runs') === true

/** The answer to a batch. */
function listOf(runs: readonly SentRun[]): Uint8Array<ArrayBuffer> {
  const items = runs.flatMap(({ json }, index) => (index === 0 ? [json] : [Buffer.from(','), json]))
  return Buffer.concat([Buffer.from('{"runs":['), ...items, Buffer.from(']}')])
}

/** Each run counts against the client's rate; a post that came before counts once. */
async function submit(
  c: Context<AppEnv>,
  asyncRuns: AsyncRuns,
  asked: readonly NewRun[],
  idempotency: Idempotency | undefined,
): Promise<SentRun[]> {
  const giveBack = asked.length > 1 ? await c.get('countMore')?.(asked.length - 1) : undefined
  const runs = await asyncRuns.submit(asked, idempotency)
  if (runs[0]?.id !== asked[0]?.id) await giveBack?.()
  return runs
}

function idempotencyKey(c: Context): string | undefined {
  const key = c.req.header('Idempotency-Key')
  if (key === undefined || IDEMPOTENCY_KEY.test(key)) return key
  throw new Refusal('invalid_request', 'Idempotency-Key: must be 1 to 255 visible ASCII characters')
}

function lastEventId(c: Context): string {
  const id = c.req.header('Last-Event-ID') ?? BEFORE_ALL
  if (EVENT_ID.test(id)) return id
  throw new Refusal('invalid_request', 'Last-Event-ID: must be the id of an event, such as 1-7')
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function noSuchRun(): Refusal {
  return new Refusal('not_found', 'There is no such run, or no longer')
}
