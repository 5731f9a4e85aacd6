// Bounds how many requests one client sends in a window, and says so in the RateLimit header fields.

import type { Context, MiddlewareHandler } from 'hono'
import type { AppEnv } from '../app-env.ts'
import { Refusal } from '../errors.ts'
import type { RateLimiter, RatePolicy, RateState } from '../rate-limiter/rate-limiter.ts'
import { clientName } from '../run-record.ts'

export interface RateLimitOptions {
  limiter: RateLimiter
  /** Of a client without a key, and of a key that has none of its own. */
  policy: RatePolicy
}

/**
 * Counts each request against its key, or else its address. One that is refused before a container got its program is
 * given back: it used nothing.
 * The header fields are those of draft-ietf-httpapi-ratelimit-headers-10.
 * @throws {Refusal} `rate_limited`
 */
export function rateLimit({ limiter, policy }: RateLimitOptions): MiddlewareHandler<AppEnv> {
  return async function rateLimit(c, next) {
    const key = c.get('key')
    const client = clientName({ key, client: c.get('client') })
    const own = {
      requests: key?.rateLimitRequests ?? policy.requests,
      windowSeconds: key?.rateLimitWindowSeconds ?? policy.windowSeconds,
    }
    const state = await limiter.count(client, own)
    if (state.isOver) {
      await state.giveBack()
      const fields = headerFields(own, state)
      const resetSeconds = Math.ceil(state.resetMs / 1000)
      const limit = `${own.requests} requests in ${own.windowSeconds} s`
      throw new Refusal('rate_limited', `More than ${limit}; try again in ${resetSeconds} s`, {
        headers: { ...fields, 'Retry-After': String(resetSeconds) },
      })
    }
    setFields(c, headerFields(own, state))
    await next()
    if (c.res.status < 400 || c.get('isDelivered')) return
    setFields(c, headerFields(own, { ...state, remaining: state.remaining + 1 }))
    await state.giveBack()
  }
}

function headerFields(
  { requests, windowSeconds }: RatePolicy,
  state: Pick<RateState, 'remaining' | 'resetMs'>,
) {
  return {
    'RateLimit-Policy': `"client";q=${requests};w=${windowSeconds}`,
    RateLimit: `"client";r=${state.remaining};t=${Math.ceil(state.resetMs / 1000)}`,
  }
}

function setFields(c: Context, fields: Record<string, string>): void {
  for (const [name, value] of Object.entries(fields)) c.header(name, value)
}
