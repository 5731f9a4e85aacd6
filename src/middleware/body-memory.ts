// Bounds the memory for bodies of unanswered requests, and the share of one client.

import type { MiddlewareHandler } from 'hono'
import { hasRoom } from '../admission/fair-share.ts'
import { Tally } from '../admission/tally.ts'
import { Refusal } from '../run/refusal.ts'
import type { AppEnv } from './app-env.ts'
import { declaredLength } from './body-size.ts'

/** Minimum for all bodies together: this many of the largest, and this many bytes. */
const LARGEST_BODIES = 32
const MIN_BYTES = 64 * 2 ** 20

/** Maximum of all bodies together in bytes, if one may have `maxBodyBytes`. */
export function maxBodiesBytes(maxBodyBytes: number): number {
  return Math.max(MIN_BYTES, LARGEST_BODIES * maxBodyBytes)
}

/**
 * Counts each body until its request is answered, which includes the wait for a slot. Clients are told apart by address,
 * because the key may be in the body. A body without a declared length counts as the longest.
 * @throws {Refusal} `busy` if there is no room, or if the client would have more than nine times what it leaves free.
 */
export function bodyMemory(maxBodyBytes: number): MiddlewareHandler<AppEnv> {
  const max = maxBodiesBytes(maxBodyBytes)
  const bytes = new Tally()
  return async function bodyMemory(c, next) {
    const client = c.get('client')
    const more = Math.min(declaredLength(c) ?? maxBodyBytes, maxBodyBytes)
    if (!hasRoom({ own: bytes.of(client), more, free: max - bytes.total })) {
      throw new Refusal('busy', 'Too many request bodies are in memory; try again later', {
        headers: { 'Retry-After': '1' },
      })
    }
    await bytes.during(client, next, more)
  }
}
