// What the API document says of each path: from the schemas that the routes use themselves.

import { type DescribeRouteOptions, resolver } from 'hono-openapi'
import { z } from 'zod'
import { environmentSchema } from '../executor/environments.ts'
import { outcomeSchema } from '../run/outcome.ts'
import { type RequestLimits, runRequestSchema } from '../run/request.ts'
import { EVENT_EXAMPLES, OUTCOME_EXAMPLES, REQUEST_EXAMPLES } from './examples.ts'
import { answer, component, KEY, RATE_HEADERS } from './parts.ts'
import { refusals } from './refusals.ts'

/** The data of the events `stdout` and `stderr`. */
export const outputEventSchema = z
  .strictObject({
    text: z.string().describe('As it came; what was half a character waits for its rest'),
  })
  .meta({ id: 'OutputEvent', description: 'Output of the program', examples: [{ text: '1\n' }] })

/** POST /run. */
export function runOperation(limits: RequestLimits): DescribeRouteOptions {
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
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: resolver(runRequestSchema(limits), { io: 'input', unrepresentable: 'any' }),
          examples: REQUEST_EXAMPLES,
        },
      },
    },
    responses: {
      200: {
        description: 'The program ran',
        headers: RATE_HEADERS,
        content: {
          'application/json': { schema: answer(outcomeSchema), examples: OUTCOME_EXAMPLES },
          'text/event-stream': {
            schema: { type: 'string' },
            examples: EVENT_EXAMPLES,
            ...EVENTS,
          },
        },
      },
      ...refusals(
        ...(['invalid_request', 'unauthorized', 'too_large', 'unsupported_media_type'] as const),
        ...(['rate_limited', 'busy', 'unavailable', 'internal'] as const),
      ),
    },
  }
}

/** GET /environments. */
export const environmentsOperation: DescribeRouteOptions = {
  operationId: 'listEnvironments',
  tags: ['run'],
  summary: 'What programs may run in',
  responses: {
    200: {
      description: 'All environments, the default one first',
      content: {
        'application/json': {
          schema: answer(z.strictObject({ environments: z.array(environmentSchema) })),
        },
      },
    },
    ...refusals('busy', 'unavailable', 'internal'),
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
      content: { 'text/plain': { schema: { type: 'string' } } },
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
  const schema = answer(z.strictObject({ status: z.literal(status) }))
  return { description, content: { 'application/json': { schema, example: { status } } } }
}

/** What the data of each event is; OpenAPI 3.1 has no words for it. */
const EVENTS = {
  'x-events': {
    stdout: component('OutputEvent'),
    stderr: component('OutputEvent'),
    restart: { type: 'object' },
    result: component('Outcome'),
    error: component('Refusal'),
  },
}
