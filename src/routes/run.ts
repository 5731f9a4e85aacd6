// POST /run: the API.

import { zValidator } from '@hono/zod-validator'
import { Hono, type MiddlewareHandler } from 'hono'
import type { AppEnv } from '../app-env.ts'
import { Refusal } from '../errors.ts'
import type { Executor } from '../executor/executor.ts'
import { describeIssues, type RequestLimits, runRequestSchema } from '../run.ts'

export interface RunRouteOptions {
  executor: Executor
  limits: RequestLimits
  /** What a request must pass before its body is read. */
  guard: MiddlewareHandler
}

export function runRoute({ executor, limits, guard }: RunRouteOptions) {
  const body = zValidator('json', runRequestSchema(limits), (result) => {
    if (result.success) return
    throw new Refusal('invalid_request', describeIssues(result.error.issues))
  })
  return new Hono<AppEnv>().post('/', guard, body, async (c) => {
    if (c.req.header('Accept')?.toLowerCase().includes('text/event-stream')) {
      throw new Refusal('invalid_request', 'Accept: text/event-stream is not supported yet')
    }
    const outcome = await executor.run(c.req.valid('json'), { signal: c.req.raw.signal })
    return c.json(outcome)
  })
}
