// What the API document says of asynchronous runs.

import type { DescribeRouteOptions } from 'hono-openapi'
import { z } from 'zod'
import { EVENT_ID } from '../async-runs/async-runs.ts'
import { submissionSchemas } from '../async-runs/submission.ts'
import { asyncRunSchema } from '../run/async-run.ts'
import type { RequestLimits } from '../run/request.ts'
import { loggedRunSchema } from '../run-log/schema.ts'
import { ASYNC_EVENT_EXAMPLES, ASYNC_RUN_EXAMPLES, SUBMISSION_EXAMPLES } from './async-examples.ts'
import { component, eventStream, jsonAnswer, jsonBody, KEY, RATE_HEADERS, STRING } from './parts.ts'
import { BODY_REFUSALS, READING_REFUSALS, RUN_REFUSALS, refusals } from './refusals.ts'

/** The data of the event `start`. */
export const startEventSchema = z
  .strictObject({ attempt: z.int().min(1).describe('Output of earlier attempts is void') })
  .meta({ id: 'StartEvent', description: 'The program has started', examples: [{ attempt: 1 }] })

const ASYNC = { tags: ['asynchronous runs'], security: KEY }

const ID = { name: 'id', in: 'path', required: true, schema: STRING } as const

/** POST /runs. */
export function submitOperation(
  limits: RequestLimits,
  sendsWebhooks: boolean,
): DescribeRouteOptions {
  const { one, batch } = submissionSchemas(limits, sendsWebhooks)
  return {
    ...ASYNC,
    operationId: 'submitRuns',
    summary: 'Ask for programs to be run',
    description:
      'Takes one run, or a batch of them: all or none. They wait for their turn, which clients take one after the other. ' +
      'Each counts against the client’s rate.',
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        description:
          'The same post with the same key gets the same runs, and nothing runs twice; another body is refused. ' +
          'It is remembered as long as the runs are',
        schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]*$' },
      },
    ],
    requestBody: jsonBody(z.xor([one, batch]), SUBMISSION_EXAMPLES),
    responses: {
      202: jsonAnswer(
        'They were taken',
        z.xor([asyncRunSchema, z.strictObject({ runs: z.array(asyncRunSchema) })]),
        {
          headers: {
            ...RATE_HEADERS,
            Location: { description: 'Path of a single run', schema: STRING },
          },
          examples: { queued: ASYNC_RUN_EXAMPLES.queued },
        },
      ),
      ...refusals(...BODY_REFUSALS, 'forbidden', 'conflict', ...RUN_REFUSALS),
    },
  }
}

/** GET /runs/{id}. */
export function findRunOperation(hasRunLog: boolean): DescribeRouteOptions {
  return {
    ...ASYNC,
    operationId: 'findRun',
    summary: 'How far a run has come',
    description:
      'For who asked for it, by key, and for keys with the right `read-runs`; without keys, for whoever knows its id.' +
      (hasRunLog
        ? ' Those who may read the run log get a `LoggedRun` where there is no such asynchronous run, or no longer.'
        : ''),
    parameters: [ID],
    responses: {
      200: jsonAnswer('It', hasRunLog ? z.xor([asyncRunSchema, loggedRunSchema]) : asyncRunSchema, {
        headers: {
          'Retry-After': {
            description: 'After how many seconds to look again; absent where it has ended',
            schema: { type: 'integer' },
          },
        },
        examples: ASYNC_RUN_EXAMPLES,
      }),
      ...refusals('not_found', ...(hasRunLog ? ['busy' as const] : []), ...READING_REFUSALS),
    },
  }
}

/** DELETE /runs/{id}. */
export const cancelRunOperation: DescribeRouteOptions = {
  ...ASYNC,
  operationId: 'cancelRun',
  summary: 'Cancel a run',
  description:
    'Ends it where it waits or runs, and says what has become of it. For who asked for it.',
  parameters: [ID],
  responses: {
    200: jsonAnswer('It', asyncRunSchema),
    ...refusals('not_found', ...READING_REFUSALS),
  },
}

/** GET /runs/{id}/events. */
export const runEventsOperation: DescribeRouteOptions = {
  ...ASYNC,
  operationId: 'readRunEvents',
  summary: 'What happens to a run',
  description:
    'All events from the first one on, as they come: `start`, `stdout` and `stderr` with output, last `end` with the whole ' +
    '`AsyncRun`. Comments come where nothing comes for two seconds. Whoever goes on after a lost connection sends the ' +
    'id of the last event it had. Hanging up does not stop the program.',
  parameters: [
    ID,
    {
      name: 'Last-Event-ID',
      in: 'header',
      description: 'Events after this one',
      schema: { type: 'string', pattern: EVENT_ID.source },
    },
  ],
  responses: {
    200: {
      description: 'Events',
      content: eventStream(ASYNC_EVENT_EXAMPLES, {
        start: component('StartEvent'),
        stdout: component('OutputEvent'),
        stderr: component('OutputEvent'),
        end: component('AsyncRun'),
      }),
    },
    204: { description: 'The last event was had: nothing comes any more' },
    ...refusals('invalid_request', 'not_found', 'busy', ...READING_REFUSALS),
  },
}
