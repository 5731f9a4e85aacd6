// Refuses a body that is too large before it is buffered, with or without a declared length.

import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { Refusal } from '../errors.ts'

export interface BodySizeOptions {
  /** Longest body, in bytes. */
  maxBytes: number
}

/** @throws {Refusal} `too_large` */
export function bodySize({ maxBytes }: BodySizeOptions): MiddlewareHandler {
  return bodyLimit({
    maxSize: maxBytes,
    onError: () => {
      // What is still on its way is not read: the connection can't be used again.
      throw new Refusal('too_large', `body: must be at most ${maxBytes} bytes`, {
        headers: { Connection: 'close' },
      })
    },
  })
}
