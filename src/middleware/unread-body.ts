// Ends connections on which the rest of a refused request is still on its way.

import type { MiddlewareHandler } from 'hono'

/** Bodies up to this length are read to their end behind the answer, in bytes; for longer ones the server does not wait. */
const MAX_READ_BYTES = 64 * 1024

/**
 * Tells a client whose body was not read that this connection ends: its next request would meet a closed one. A request
 * is refused before its body is read wherever that can be.
 */
export const closeUnread: MiddlewareHandler = async function closeUnread(c, next) {
  await next()
  if (c.res.status < 400 || c.req.raw.bodyUsed) return
  const length = c.req.header('Content-Length')
  const isChunked = c.req.header('Transfer-Encoding') !== undefined
  if (isChunked || Number(length ?? 0) > MAX_READ_BYTES) c.header('Connection', 'close')
}
