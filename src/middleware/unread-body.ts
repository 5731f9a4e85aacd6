// What is still on its way when a request has been refused is read and dropped, within bounds.

import type { MiddlewareHandler } from 'hono'
import { settlesWithin } from '../waits/settles-within.ts'

/** The server reads bodies up to this length to their end behind the answer, in bytes; for longer ones it does not wait. */
const MAX_READ_BEHIND_BYTES = 64 * 1024
/**
 * How much of a refused body is read, in bytes: enough for a client on a good line that sends more than it may, and dear to
 * nobody, for nothing of it is kept.
 */
export const MAX_DROPPED_BYTES = 64 * 1024 * 1024
/** For how long, in milliseconds, and how long a pause in it may be. */
const MAX_DROPPING_MS = 2000
const MAX_PAUSE_MS = 250

/**
 * Reads the body of a request that was refused before its body was read, then lets it have its answer: a connection that
 * is closed while the client still sends loses the answer with it. Where there is more than is read, the client is told
 * that the connection ends, on which its next request would meet a closed one.
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

/** Reads on and drops what comes, within the bounds above; true when the body has come to its end. */
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
