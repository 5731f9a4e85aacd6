// Keeps answers about runs out of the caches of browsers and proxies.

import type { MiddlewareHandler } from 'hono'

/** Sets `Cache-Control: no-store`. */
export const noStore: MiddlewareHandler = async function noStore(c, next) {
  c.header('Cache-Control', 'no-store')
  await next()
}
