// What the API document says of the run log.

import type { DescribeRouteOptions } from 'hono-openapi'
import { z } from 'zod'
import { filterFields, pageFields } from '../run-log/query.ts'
import { loggedRunSchema } from '../run-log/schema.ts'
import { statsSchema } from '../run-log/stats.ts'
import { jsonAnswer, KEY, queryParameters } from './parts.ts'
import { refusals } from './refusals.ts'

const READ_REFUSALS = ['unauthorized', 'forbidden', 'internal', 'unavailable'] as const

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
    ...refusals('invalid_request', 'busy', ...READ_REFUSALS),
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
    ...refusals('invalid_request', 'busy', ...READ_REFUSALS),
  },
}
