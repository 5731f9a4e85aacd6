// GET /runs, GET /stats: the run log, for keys with the right to read it.

import { zValidator } from '@hono/zod-validator'
import { Hono, type MiddlewareHandler } from 'hono'
import { describeRoute } from 'hono-openapi'
import { type AppEnv, readingOf } from '../middleware/app-env.ts'
import { noStore } from '../middleware/no-store.ts'
import { listRunsOperation, statsOperation } from '../openapi/operations.ts'
import { describeIssues } from '../run/issues.ts'
import { Refusal } from '../run/refusal.ts'
import { listQuerySchema, statsQuerySchema } from '../run-log/query.ts'
import { BadCursor, type RunStore } from '../run-log/run-store.ts'

export interface RunsRouteOptions {
  store: RunStore
  /** Checks a request. */
  guard: MiddlewareHandler<AppEnv>
}

export function runsRoute({ store, guard }: RunsRouteOptions) {
  return new Hono<AppEnv>()
    .on('GET', ['/runs', '/stats'], noStore)
    .get('/runs', describeRoute(listRunsOperation), guard, query(listQuerySchema), async (c) => {
      const { limit, cursor, ...filter } = c.req.valid('query')
      return c.json(await fromStore(() => store.list(filter, limit, cursor, readingOf(c))))
    })
    .get('/stats', describeRoute(statsOperation), guard, query(statsQuerySchema), async (c) =>
      c.json(await fromStore(() => store.stats(c.req.valid('query'), c.req.raw.signal))),
    )
}

/** Validates a query string. */
function query<S extends typeof listQuerySchema | typeof statsQuerySchema>(schema: S) {
  return zValidator('query', schema, (result) => {
    if (!result.success) throw new Refusal('invalid_request', describeIssues(result.error.issues))
  })
}

/**
 * Reads from the run log.
 * @throws {Refusal} `invalid_request` for a cursor of another list; `unavailable` if its database is away; those of `ask`.
 */
export async function fromStore<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof Refusal) throw error
    if (error instanceof BadCursor) throw new Refusal('invalid_request', `cursor: ${error.message}`)
    throw new Refusal('unavailable', 'The run log can’t be read at the moment; try again later', {
      cause: error,
      headers: { 'Retry-After': '5' },
    })
  }
}
