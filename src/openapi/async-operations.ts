// The operations on asynchronous runs in the API document.

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
    summary: 'Submit programs to run',
    description:
      'Accepts one run or a batch of runs: all of them or none. Runs wait in a queue that serves clients in turn. ' +
      'Each run counts against the client’s rate limit.',
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        description:
          'A request with the same key and body returns the same runs and starts nothing; the same key with another body ' +
          'is refused. A key is remembered as long as its runs',
        schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]*$' },
      },
    ],
    requestBody: jsonBody(z.xor([one, batch]), SUBMISSION_EXAMPLES),
    responses: {
      202: jsonAnswer(
        'The runs were accepted',
        z.xor([asyncRunSchema, z.strictObject({ runs: z.array(asyncRunSchema) })]),
        {
          headers: {
            ...RATE_HEADERS,
            Location: { description: 'Path of the run, if it is a single one', schema: STRING },
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
  const schema = hasRunLog ? z.xor([asyncRunSchema, loggedRunSchema]) : asyncRunSchema
  return {
    ...ASYNC,
    operationId: 'findRun',
    summary: 'Read a run',
    description:
      'With keys, only the key that submitted a run, or one with `read-runs`, can read it. Without keys, anyone who knows ' +
      'its id can.' +
      (hasRunLog
        ? ' If no such asynchronous run is kept, a client that may read the run log gets its record, a `LoggedRun`.'
        : ''),
    parameters: [ID],
    responses: {
      200: jsonAnswer('The run', schema, {
        headers: {
          'Retry-After': {
            description: 'Seconds to wait before reading again; absent if the run has ended',
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
    'Ends the run if it is queued or running, and returns it. With keys, only the key that submitted it can.',
  parameters: [ID],
  responses: {
    200: jsonAnswer('The run', asyncRunSchema),
    ...refusals('not_found', ...READING_REFUSALS),
  },
}

/** GET /runs/{id}/events. */
export const runEventsOperation: DescribeRouteOptions = {
  ...ASYNC,
  operationId: 'readRunEvents',
  summary: 'Stream the events of a run',
  description:
    'Streams all events of the run from the first one on: `start`, `stdout` and `stderr` with output, and last `end` with ' +
    'the whole `AsyncRun`. A comment is sent after two seconds without an event. To continue after a lost connection, ' +
    'send the id of the last event received. Closing the connection does not stop the program.',
  parameters: [
    ID,
    {
      name: 'Last-Event-ID',
      in: 'header',
      description: 'Stream only the events after this one',
      schema: { type: 'string', pattern: EVENT_ID.source },
    },
  ],
  responses: {
    200: {
      description: 'The events',
      content: eventStream(ASYNC_EVENT_EXAMPLES, {
        start: component('StartEvent'),
        stdout: component('OutputEvent'),
        stderr: component('OutputEvent'),
        end: component('AsyncRun'),
      }),
    },
    204: { description: 'The last event was received already: no more will follow' },
    ...refusals('invalid_request', 'not_found', 'busy', ...READING_REFUSALS),
  },
}
