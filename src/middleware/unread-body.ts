// Reads and drops the rest of a refused request's body, within bounds.

import type { MiddlewareHandler } from 'hono'
import { settlesWithin } from '../waits/settles-within.ts'

/** Bodies up to this length, in bytes, are read by the HTTP server after the answer. */
const MAX_READ_BEHIND_BYTES = 64 * 1024
/**
 * Maximum of a refused body that is read, in bytes: enough for a client on a fast connection that exceeds the limit. Costs
 * little, because nothing of it is kept.
 */
export const MAX_DROPPED_BYTES = 64 * 1024 * 1024
/** Maximum time for it, and maximum pause in it, in milliseconds. */
const MAX_DROPPING_MS = 2000
const MAX_PAUSE_MS = 250

/**
 * Reads the body of a request that was refused before its body was read, and only then answers: if the connection is closed
 * while the client still sends, the answer is lost. If the body is longer than that, the answer says `Connection: close`, so
 * that the client sends its next request on another connection.
 */
export const dropUnread: MiddlewareHandler = async function dropUnread(c, next) {
  await next()
  if (c.res.status < 400 || c.req.raw.bodyUsed) return
  const length = c.req.header('Content-Length')
  const isChunked = c.req.header('Transfer-Encoding') !== undefined
  if (!isChunked && Number(length ?? 0) <= MAX_READ_BEHIND_BYTES) return
  const reader = c.req.raw.body?.getReader()
  if (reader && !(await drop(reader))) c.header('Connection', 'close')
}

/** Reads and drops the body within the bounds above; true if its end was reached. */
export async function drop(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<boolean> {
  const untilMs = performance.now() + MAX_DROPPING_MS
  let droppedBytes = 0
  while (droppedBytes <= MAX_DROPPED_BYTES && performance.now() < untilMs) {
    const next = reader.read().catch(() => undefined)
    const piece = (await settlesWithin(next, MAX_PAUSE_MS)) ? await next : undefined
    if (piece === undefined) return false // the client pauses, or has gone
    if (piece.done) return true
    droppedBytes += piece.value.byteLength
  }
  return false
}
