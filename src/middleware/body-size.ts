// Refuses a body that is too large before it is buffered, with or without a declared length.

import type { Context, MiddlewareHandler } from 'hono'
import { Refusal } from '../run/refusal.ts'
import { drop } from './unread-body.ts'

const FIRST_BUFFER_BYTES = 16 * 1024

/**
 * A body with a declared length above `maxBytes` is refused before it is read. One without is read up to the limit.
 * @throws {Refusal} `too_large`
 */
export function bodySize(maxBytes: number): MiddlewareHandler {
  const tooLarge = (headers = {}) =>
    new Refusal('too_large', `body: must be at most ${maxBytes} bytes`, { headers })

  return async function bodySize(c, next) {
    const length = declaredLength(c)
    if (length !== undefined && length > maxBytes) throw tooLarge()
    if (length === undefined && c.req.raw.body) {
      const reader = c.req.raw.body.getReader()
      const body = await readAtMost(reader, maxBytes)
      if (!body) throw tooLarge((await drop(reader)) ? {} : { Connection: 'close' })
      c.req.raw = new Request(c.req.raw, { body })
    }
    return next()
  }
}

/** The declared length in bytes; undefined if there is none or the body is chunked. */
export function declaredLength(c: Context): number | undefined {
  const length = Number(c.req.header('Content-Length') ?? Number.NaN)
  const isChunked = c.req.header('Transfer-Encoding') !== undefined
  return isChunked || Number.isNaN(length) ? undefined : length
}

/**
 * The body; undefined if it is longer. Collects it in one buffer, because an array of one-byte pieces would take a hundred
 * times their length.
 */
async function readAtMost(reader: ReadableStreamDefaultReader<Uint8Array>, maxBytes: number) {
  let body = new Uint8Array(Math.min(maxBytes, FIRST_BUFFER_BYTES))
  let bytes = 0
  while (true) {
    const { done, value } = await reader.read()
    if (done) return body.subarray(0, bytes)
    const end = bytes + value.byteLength
    if (end > maxBytes) return undefined
    if (end > body.byteLength) {
      const larger = new Uint8Array(Math.min(maxBytes, Math.max(end, 2 * body.byteLength)))
      larger.set(body.subarray(0, bytes))
      body = larger
    }
    body.set(value, bytes)
    bytes = end
  }
}
