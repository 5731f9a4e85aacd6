// What the API document says of each path: from the schemas that the routes use themselves.

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
    text: z.string().describe('As it came; what was half a character waits for its rest'),
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
      'Runs Python once, in a fresh container. The answer is 200 whenever the program ran, whatever it did.\n\n' +
      'With `Accept: text/event-stream` the output comes as it is written: events `stdout` and `stderr` with an ' +
      '`OutputEvent`, comments where nothing comes for two seconds, last one event `result` with the `Outcome`. Where ' +
      'something fails after the start the last event is `error`, with a `Refusal`. An event `restart` comes only where ' +
      'the request says `retry`, and makes all output before it void. Hanging up stops the program.',
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
  summary: 'What programs may run in',
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
  summary: 'Runs that ended, the newest first',
  security: KEY,
  parameters: queryParameters({ ...filterFields, ...pageFields }),
  responses: {
    200: jsonAnswer(
      'One page of them',
      z.strictObject({
        runs: z.array(loggedRunSchema),
        nextCursor: z.string().nullable().describe('Asks for the next page; null after the last'),
      }),
    ),
    ...refusals('invalid_request', 'forbidden', 'busy', ...READING_REFUSALS),
  },
}

/** GET /stats. */
export const statsOperation: DescribeRouteOptions = {
  operationId: 'stats',
  tags: ['run log'],
  summary: 'Counts of the runs that ended, of the last day where no time is asked for',
  security: KEY,
  parameters: queryParameters(filterFields),
  responses: {
    200: jsonAnswer('They', statsSchema),
    ...refusals('invalid_request', 'forbidden', 'busy', ...READING_REFUSALS),
  },
}

/** GET /metrics. */
export const metricsOperation: DescribeRouteOptions = {
  operationId: 'metrics',
  tags: ['health'],
  summary: 'Counters, for Prometheus',
  responses: {
    200: {
      description: 'In the text format of Prometheus',
      content: { 'text/plain': { schema: STRING } },
    },
  },
}

/** GET /healthz. */
export const aliveOperation: DescribeRouteOptions = {
  operationId: 'isAlive',
  tags: ['health'],
  summary: 'Whether the server answers',
  responses: { 200: statusAnswer('It does', 'ok') },
}

/** GET /readyz. */
export const readyOperation: DescribeRouteOptions = {
  operationId: 'isReady',
  tags: ['health'],
  summary: 'Whether programs can be run',
  description:
    'A program ran in the last five seconds, or one is run now. With a queue it says at once that no worker is there.',
  responses: { 200: statusAnswer('They can', 'ready'), ...refusals('busy', 'unavailable') },
}

function statusAnswer(description: string, status: string) {
  const schema = z.strictObject({ status: z.literal(status) })
  return jsonAnswer(description, schema, { example: { status } })
}
