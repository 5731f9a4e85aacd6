// Bounds a client's requests in a window, and sets the RateLimit header fields.

import type { MiddlewareHandler } from 'hono'
import type { ApiKey } from '../keys/api-key.ts'
import type { RateLimiter, RatePolicy, RateState } from '../rate-limiter/rate-limiter.ts'
import { clientName } from '../run/record.ts'
import { Refusal } from '../run/refusal.ts'
import type { AppEnv, CountMore } from './app-env.ts'

export interface RateLimitOptions {
  limiter: RateLimiter
  /** For clients without a key, and for keys without a rate of their own. */
  policy: RatePolicy
}

/**
 * Counts each request against its key, or else its address. A request that was refused, or whose client hung up, before it
 * cost a container is given back, with everything else that was counted for it.
 * The header fields are those of draft-ietf-httpapi-ratelimit-headers-10.
 * @throws {Refusal} `rate_limited`
 */
export function rateLimit({ limiter, policy }: RateLimitOptions): MiddlewareHandler<AppEnv> {
  return async function rateLimit(c, next) {
    const key = c.get('key')
    const client = clientName({ key, client: c.get('client') })
    const own = ratePolicyOf(key, policy)
    /** Requests counted for this one and not given back. */
    const counted = new Map<RateState, number>()
    let latest: RateState | undefined
    const show = (state: RateState) => {
      latest = state
      const fields = Object.entries(headerFields(own, state))
      for (const [name, value] of fields) c.header(name, value)
    }
    const count: CountMore = async (requests) => {
      const state = await limiter.count(client, own, requests)
      if (state.isOver) {
        await state.giveBack()
        const resetSeconds = Math.ceil(state.resetMs / 1000)
        const limit = `${own.requests} requests in ${own.windowSeconds} s`
        throw new Refusal('rate_limited', `More than ${limit}; try again in ${resetSeconds} s`, {
          headers: { ...headerFields(own, state), 'Retry-After': String(resetSeconds) },
        })
      }
      counted.set(state, requests)
      show(state)
      return () => giveBack([state])
    }
    const giveBack = async (states: readonly RateState[]) => {
      let returned = 0
      for (const state of states) {
        returned += counted.get(state) ?? 0
        if (counted.delete(state)) await state.giveBack()
      }
      if (latest) show({ ...latest, remaining: latest.remaining + returned })
    }
    await count(1)
    c.set('countMore', count)
    await next()
    if (c.res.status >= 400 && !c.get('isCharged')) await giveBack([...counted.keys()])
  }
}

/** The policy of a key, or of a client without one. */
export function ratePolicyOf(key: ApiKey | undefined, policy: RatePolicy): RatePolicy {
  return {
    requests: key?.rateLimitRequests ?? policy.requests,
    windowSeconds: key?.rateLimitWindowSeconds ?? policy.windowSeconds,
  }
}

function headerFields(policy: RatePolicy, { remaining, resetMs }: RateState) {
  return {
    'RateLimit-Policy': `"client";q=${policy.requests};w=${policy.windowSeconds}`,
    RateLimit: `"client";r=${remaining};t=${Math.ceil(resetMs / 1000)}`,
  }
}
