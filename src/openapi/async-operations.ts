// What the API document says of asynchronous runs.

import { type DescribeRouteOptions, resolver } from 'hono-openapi'
import { z } from 'zod'
import { EVENT_ID } from '../async-runs/async-runs.ts'
import { submissionSchemas } from '../async-runs/submission.ts'
import { asyncRunSchema } from '../run/async-run.ts'
import type { RequestLimits } from '../run/request.ts'
import { loggedRunSchema } from '../run-log/schema.ts'
import { ASYNC_EVENT_EXAMPLES, ASYNC_RUN_EXAMPLES, SUBMISSION_EXAMPLES } from './async-examples.ts'
import { answer, component, jsonAnswer, KEY, RATE_HEADERS } from './parts.ts'
import { refusals } from './refusals.ts'

/** The data of the event `start`. */
export const startEventSchema = z
  .strictObject({ attempt: z.int().min(1).describe('Output of earlier attempts is void') })
  .meta({ id: 'StartEvent', description: 'The program has started', examples: [{ attempt: 1 }] })

const ID = { name: 'id', in: 'path', required: true, schema: { type: 'string' } } as const

const READING_REFUSALS = ['not_found', 'unauthorized', 'internal', 'unavailable'] as const

/** POST /runs. */
export function submitOperation(
  limits: RequestLimits,
  sendsWebhooks: boolean,
): DescribeRouteOptions {
  const { one, batch } = submissionSchemas(limits, sendsWebhooks)
  return {
    operationId: 'submitRuns',
    tags: ['asynchronous runs'],
    summary: 'Ask for programs to be run',
    description:
      'Takes one run, or a batch of them: all or none. They wait for their turn, which clients take one after the other. ' +
      'Each counts against the client’s rate.',
    security: KEY,
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
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: resolver(z.xor([one, batch]), { io: 'input', unrepresentable: 'any' }),
          examples: SUBMISSION_EXAMPLES,
        },
      },
    },
    responses: {
      202: {
        description: 'They were taken',
        headers: {
          ...RATE_HEADERS,
          Location: { description: 'Path of a single run', schema: { type: 'string' } },
        },
        content: {
          'application/json': {
            schema: answer(
              z.xor([asyncRunSchema, z.strictObject({ runs: z.array(asyncRunSchema) })]),
            ),
            examples: { queued: ASYNC_RUN_EXAMPLES.queued },
          },
        },
      },
      ...refusals(
        ...(['invalid_request', 'unauthorized', 'forbidden', 'conflict', 'too_large'] as const),
        ...(['unsupported_media_type', 'rate_limited', 'busy', 'unavailable', 'internal'] as const),
      ),
    },
  }
}

/** GET /runs/{id}. */
export function findRunOperation(hasRunLog: boolean): DescribeRouteOptions {
  return {
    operationId: 'findRun',
    tags: ['asynchronous runs'],
    summary: 'How far a run has come',
    description:
      'For who asked for it, by key, and for keys with the right `read-runs`; without keys, for whoever knows its id.' +
      (hasRunLog
        ? ' Those who may read the run log get a `LoggedRun` where there is no such asynchronous run, or no longer.'
        : ''),
    security: KEY,
    parameters: [ID],
    responses: {
      200: {
        description: 'It',
        headers: {
          'Retry-After': {
            description: 'After how many seconds to look again; absent where it has ended',
            schema: { type: 'integer' },
          },
        },
        content: {
          'application/json': {
            schema: answer(hasRunLog ? z.xor([asyncRunSchema, loggedRunSchema]) : asyncRunSchema),
            examples: ASYNC_RUN_EXAMPLES,
          },
        },
      },
      ...refusals(...(hasRunLog ? (['busy'] as const) : []), ...READING_REFUSALS),
    },
  }
}

/** DELETE /runs/{id}. */
export const cancelRunOperation: DescribeRouteOptions = {
  operationId: 'cancelRun',
  tags: ['asynchronous runs'],
  summary: 'Cancel a run',
  description:
    'Ends it where it waits or runs, and says what has become of it. For who asked for it.',
  security: KEY,
  parameters: [ID],
  responses: { 200: jsonAnswer('It', asyncRunSchema), ...refusals(...READING_REFUSALS) },
}

/** An extension of ours: the schema of each event's data. OpenAPI 3.1 has no place for that, nor has its type. */
const EVENT_SCHEMAS = {
  'x-events': {
    start: component('StartEvent'),
    stdout: component('OutputEvent'),
    stderr: component('OutputEvent'),
    end: component('AsyncRun'),
  },
}

/** GET /runs/{id}/events. */
export const runEventsOperation: DescribeRouteOptions = {
  operationId: 'readRunEvents',
  tags: ['asynchronous runs'],
  summary: 'What happens to a run',
  description:
    'All events from the first one on, as they come: `start`, `stdout` and `stderr` with output, last `end` with the whole ' +
    '`AsyncRun`. Comments come where nothing comes for two seconds. Whoever goes on after a lost connection sends the ' +
    'id of the last event it had. Hanging up does not stop the program.',
  security: KEY,
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
      content: {
        'text/event-stream': {
          schema: { type: 'string' },
          examples: ASYNC_EVENT_EXAMPLES,
          ...EVENT_SCHEMAS,
        },
      },
    },
    204: { description: 'The last event was had: nothing comes any more' },
    ...refusals('invalid_request', 'busy', ...READING_REFUSALS),
  },
}
