// Answers about runs are for who asked, now: no browser and no proxy keeps them.

import type { MiddlewareHandler } from 'hono'

/** Says so. */
export const noStore: MiddlewareHandler = async function noStore(c, next) {
  c.header('Cache-Control', 'no-store')
  await next()
}
