// Requires a key, if the server has any, and the right that a route needs.

import type { Context, MiddlewareHandler } from 'hono'
import type { Right } from '../keys/api-key.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { Refusal } from '../run/refusal.ts'
import type { AppEnv } from './app-env.ts'

/** Finds the key in a request. */
export type FindKey = (c: Context) => string | undefined | Promise<string | undefined>

export interface AuthOptions {
  ring: KeyRing
  /** The right that the key must have; by default any key passes. */
  right?: Right
  /** Finds the key in the request; by default in `Authorization: Bearer KEY`. */
  findKey?: FindKey
  /** Message of the refusal if the server has no keys; by default every request passes then. */
  closedWithoutKeys?: string | undefined
}

/** @throws {Refusal} `unauthorized`; `forbidden` if the key lacks the right. */
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
