// Bounds how much memory the bodies take of requests that are not answered yet, and what one client has of it.

import type { MiddlewareHandler } from 'hono'
import { hasRoom } from '../admission/fair-share.ts'
import { Tally } from '../admission/tally.ts'
import { Refusal } from '../run/refusal.ts'
import type { AppEnv } from './app-env.ts'
import { declaredLength } from './body-size.ts'

/** How many of the largest bodies there may be at once, at least, and how many bytes of them. */
const LARGEST_BODIES = 32
const MIN_BYTES = 64 * 2 ** 20

/** How many bytes of bodies there may be at once, where one may have `maxBodyBytes`. */
export function maxBodiesBytes(maxBodyBytes: number): number {
  return Math.max(MIN_BYTES, LARGEST_BODIES * maxBodyBytes)
}

/**
 * Counts each body from before it is read until its request is answered: a program that waits for its turn is there as
 * well. By address, because the key may be in the body. One without a declared length counts as the longest.
 * @throws {Refusal} `busy` where there is no room, or where the client has nine times what it would leave free.
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
