// GET /healthz: the process answers. GET /readyz: a real program ran lately.

import { Hono } from 'hono'
import { describeRoute } from 'hono-openapi'
import type { AppEnv } from '../app-env.ts'
import { aliveOperation, readyOperation } from '../openapi/operations.ts'
import type { Readiness } from '../readiness.ts'

export interface HealthRouteOptions {
  readiness: Readiness
}

export function healthRoute({ readiness }: HealthRouteOptions) {
  return new Hono<AppEnv>()
    .get('/healthz', describeRoute(aliveOperation), (c) => c.json({ status: 'ok' }))
    .get('/readyz', describeRoute(readyOperation), async (c) => {
      await readiness.check()
      return c.json({ status: 'ready' })
    })
}
