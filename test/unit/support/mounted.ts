// One middleware on a small app: what passes it is told the length of its body, what it refuses gets the refusal.

import { Hono, type MiddlewareHandler } from 'hono'
import type { AppEnv } from '../../../src/middleware/app-env.ts'
import { toRefusal } from '../../../src/run/refusal.ts'

/** An app with one route, `/`, behind the middleware. */
export function mounted(...middleware: MiddlewareHandler<AppEnv>[]) {
  const app = new Hono<AppEnv>()
  app.onError((error, c) => {
    const refusal = toRefusal(error)
    return c.json(refusal.toBody('id'), refusal.status, refusal.headers)
  })
  app.use(...middleware)
  app.all('/', async (c) => {
    const { byteLength } = await c.req.arrayBuffer()
    return c.text(`passed with ${byteLength} bytes`)
  })
  return app
}
