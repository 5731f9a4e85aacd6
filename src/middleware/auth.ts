// Asks for a key, where the operator has some, and for the right that a route needs.

import type { Context, MiddlewareHandler } from 'hono'
import type { Right } from '../keys/api-key.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { Refusal } from '../run/refusal.ts'
import type { AppEnv } from './app-env.ts'

/** Finds the key in a request. */
export type FindKey = (c: Context) => string | undefined | Promise<string | undefined>

export interface AuthOptions {
  ring: KeyRing
  /** What the key must be good for; by default any key will do. */
  right?: Right
  /** Where this route's client sends its key; by default `Authorization: Bearer KEY`. */
  findKey?: FindKey
  /** Why nobody passes where the operator has no keys; by default everybody does. */
  closedWithoutKeys?: string | undefined
}

/** @throws {Refusal} `unauthorized`; `forbidden` where the key is not good for this. */
export function auth(options: AuthOptions): MiddlewareHandler<AppEnv> {
  const { ring, right, findKey = bearerKey, closedWithoutKeys } = options
  return async function auth(c, next) {
    if (!ring.isRequired && closedWithoutKeys) throw new Refusal('forbidden', closedWithoutKeys)
    if (ring.isRequired) {
      const key = ring.find((await findKey(c)) ?? '')
      if (!key) {
        throw new Refusal('unauthorized', 'A valid API key is required', {
          headers: { 'WWW-Authenticate': 'Bearer' },
        })
      }
      if (right && !key.rights.includes(right)) {
        throw new Refusal('forbidden', `This key does not have the right ${right}`)
      }
      c.set('key', key)
    }
    await next()
  }
}

/** The key in `Authorization: Bearer KEY`. */
export function bearerKey(c: Context): string | undefined {
  return c.req.header('Authorization')?.match(/^Bearer +(\S+) *$/i)?.[1]
}
