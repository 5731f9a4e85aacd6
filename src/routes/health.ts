// GET /healthz: the process answers. GET /readyz: a real program ran lately.

import { Hono } from 'hono'
import type { AppEnv } from '../app-env.ts'
import type { Readiness } from '../readiness.ts'

export interface HealthRouteOptions {
  readiness: Readiness
}

export function healthRoute({ readiness }: HealthRouteOptions) {
  return new Hono<AppEnv>()
    .get('/healthz', (c) => c.json({ status: 'ok' }))
    .get('/readyz', async (c) => {
      await readiness.check()
      return c.json({ status: 'ready' })
    })
}
