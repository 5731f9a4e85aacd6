// Asks for a key, where the operator configured some.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { Refusal } from '../errors.ts'

export interface AuthOptions {
  /** The keys; none: everybody may pass. */
  keys: readonly string[]
  /** Where this route's client sends its key; by default `Authorization: Bearer KEY`. */
  findKey?: (c: Context) => string | undefined | Promise<string | undefined>
}

/** @throws {Refusal} `unauthorized` */
export function auth({ keys, findKey = bearerKey }: AuthOptions): MiddlewareHandler {
  const digests = keys.map(digest)
  return async function auth(c, next) {
    if (digests.length > 0) {
      const given = digest((await findKey(c)) ?? '')
      // Digests have one length, and every one is compared: time tells nothing of a key.
      const matches = digests.filter((known) => timingSafeEqual(known, given))
      if (matches.length === 0) {
        throw new Refusal('unauthorized', 'A valid API key is required', {
          headers: { 'WWW-Authenticate': 'Bearer' },
        })
      }
    }
    await next()
  }
}

/** The key in `Authorization: Bearer KEY`. */
export function bearerKey(c: Context): string | undefined {
  return c.req.header('Authorization')?.match(/^Bearer +(\S+) *$/i)?.[1]
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
