// GET /healthz: the process answers. GET /readyz: a program ran recently.

import { Hono } from 'hono'
import { describeRoute } from 'hono-openapi'
import type { Readiness } from '../executor/readiness.ts'
import type { AppEnv } from '../middleware/app-env.ts'
import type { Drain } from '../middleware/drain.ts'
import { aliveOperation, readyOperation } from '../openapi/operations.ts'

export function healthRoute(readiness: Readiness, drain: Drain) {
  return new Hono<AppEnv>()
    .get('/healthz', describeRoute(aliveOperation), (c) => c.json({ status: 'ok' }))
    .get('/readyz', describeRoute(readyOperation), async (c) => {
      drain.checkReady()
      await readiness.check()
      return c.json({ status: 'ready' })
    })
}
