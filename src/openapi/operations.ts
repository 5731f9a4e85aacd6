// The operations in the API document, with the schemas that the routes use themselves.

import type { DescribeRouteOptions } from 'hono-openapi'
import { z } from 'zod'
import { environmentSchema } from '../executor/environments.ts'
import { outcomeSchema } from '../run/outcome.ts'
import { type RequestLimits, runRequestSchema } from '../run/request.ts'
import { filterFields, pageFields } from '../run-log/query.ts'
import { loggedRunSchema } from '../run-log/schema.ts'
import { statsSchema } from '../run-log/stats.ts'
import { EVENT_EXAMPLES, OUTCOME_EXAMPLES, REQUEST_EXAMPLES } from './examples.ts'
import {
  component,
  eventStream,
  jsonAnswer,
  jsonBody,
  KEY,
  queryParameters,
  RATE_HEADERS,
  STRING,
} from './parts.ts'
import { BODY_REFUSALS, READING_REFUSALS, RUN_REFUSALS, refusals } from './refusals.ts'

/** The data of the events `stdout` and `stderr`. */
export const outputEventSchema = z
  .strictObject({
    text: z.string().describe('Text; the start of a character waits for the rest of it'),
  })
  .meta({ id: 'OutputEvent', description: 'Output of the program', examples: [{ text: '1\n' }] })

/** POST /run. */
export function runOperation(limits: RequestLimits): DescribeRouteOptions {
  const answer = jsonAnswer('The program ran', outcomeSchema, {
    headers: RATE_HEADERS,
    examples: OUTCOME_EXAMPLES,
  })
  const events = eventStream(EVENT_EXAMPLES, {
    stdout: component('OutputEvent'),
    stderr: component('OutputEvent'),
    restart: { type: 'object' },
    result: component('Outcome'),
    error: component('Refusal'),
  })
  return {
    operationId: 'run',
    tags: ['run'],
    summary: 'Run a program',
    description:
      'Runs a Python program once, in a fresh container. The status is 200 if the program ran, whatever it did.\n\n' +
      'With `Accept: text/event-stream` the output is streamed while the program runs: `stdout` and `stderr` events with ' +
      'an `OutputEvent`, a comment after two seconds without an event, and one last `result` event with the `Outcome`. If ' +
      'something fails after the start, the last event is `error`, with a `Refusal`. A `restart` event, sent only if the ' +
      'request sets `retry`, makes all output before it void. Closing the connection stops the program.',
    security: KEY,
    requestBody: jsonBody(runRequestSchema(limits), REQUEST_EXAMPLES),
    responses: {
      200: { ...answer, content: { ...answer.content, ...events } },
      ...refusals(...BODY_REFUSALS, ...RUN_REFUSALS),
    },
  }
}

/** GET /environments. */
export const environmentsOperation: DescribeRouteOptions = {
  operationId: 'listEnvironments',
  tags: ['run'],
  summary: 'List the environments',
  responses: {
    200: jsonAnswer(
      'All environments, the default one first',
      z.strictObject({ environments: z.array(environmentSchema) }),
    ),
    ...refusals('busy', 'unavailable', 'internal'),
  },
}

/** GET /runs. */
export const listRunsOperation: DescribeRouteOptions = {
  operationId: 'listRuns',
  tags: ['run log'],
  summary: 'List finished runs, the newest first',
  security: KEY,
  parameters: queryParameters({ ...filterFields, ...pageFields }),
  responses: {
    200: jsonAnswer(
      'One page of runs',
      z.strictObject({
        runs: z.array(loggedRunSchema),
        nextCursor: z.string().nullable().describe('For the next page; null on the last one'),
      }),
    ),
    ...refusals('invalid_request', 'forbidden', 'busy', ...READING_REFUSALS),
  },
}

/** GET /stats. */
export const statsOperation: DescribeRouteOptions = {
  operationId: 'stats',
  tags: ['run log'],
  summary: 'Count finished runs, by default those of the last day',
  security: KEY,
  parameters: queryParameters(filterFields),
  responses: {
    200: jsonAnswer('The counts', statsSchema),
    ...refusals('invalid_request', 'forbidden', 'busy', ...READING_REFUSALS),
  },
}

/** GET /metrics. */
export const metricsOperation: DescribeRouteOptions = {
  operationId: 'metrics',
  tags: ['health'],
  summary: 'Read the metrics, for Prometheus',
  responses: {
    200: {
      description: 'The metrics in the Prometheus text format',
      content: { 'text/plain': { schema: STRING } },
    },
  },
}

/** GET /healthz. */
export const aliveOperation: DescribeRouteOptions = {
  operationId: 'isAlive',
  tags: ['health'],
  summary: 'Check that the server answers',
  responses: { 200: statusAnswer('The server answers', 'ok') },
}

/** GET /readyz. */
export const readyOperation: DescribeRouteOptions = {
  operationId: 'isReady',
  tags: ['health'],
  summary: 'Check that programs can be run',
  description:
    'Passes if a program ran in the last five seconds; otherwise runs one. With a queue, fails at once if there is no worker.',
  responses: {
    200: statusAnswer('The server is ready', 'ready'),
    ...refusals('busy', 'unavailable'),
  },
}

function statusAnswer(description: string, status: string) {
  const schema = z.strictObject({ status: z.literal(status) })
  return jsonAnswer(description, schema, { example: { status } })
}
