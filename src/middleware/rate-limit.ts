// Bounds how many requests one client sends in a window, and says so in the RateLimit header fields.

import type { Context, MiddlewareHandler } from 'hono'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { Refusal } from '../errors.ts'

export interface RateLimitOptions {
  /** Requests of one client in a window. */
  requests: number
  windowSeconds: number
  /** Names the client. It must not be the client's to choose. */
  keyOf: (c: Context) => string
}

/**
 * Counts each request against its client.
 * The header fields are those of draft-ietf-httpapi-ratelimit-headers-10.
 * @throws {Refusal} `rate_limited`
 */
export function rateLimit({ requests, windowSeconds, keyOf }: RateLimitOptions): MiddlewareHandler {
  const limiter = new RateLimiterMemory({ points: requests, duration: windowSeconds })
  return async function rateLimit(c, next) {
    const state = await limiter.consume(keyOf(c)).catch((rejection: unknown) => {
      if (rejection instanceof RateLimiterRes) return rejection
      throw rejection
    })
    const resetSeconds = Math.ceil(state.msBeforeNext / 1000)
    const fields = {
      'RateLimit-Policy': `"client";q=${requests};w=${windowSeconds}`,
      RateLimit: `"client";r=${state.remainingPoints};t=${resetSeconds}`,
    }
    if (state.consumedPoints > requests) {
      const limit = `${requests} requests in ${windowSeconds} s`
      throw new Refusal('rate_limited', `More than ${limit}; try again in ${resetSeconds} s`, {
        headers: { ...fields, 'Retry-After': String(resetSeconds) },
      })
    }
    for (const [name, value] of Object.entries(fields)) c.header(name, value)
    await next()
  }
}
