// Bounds how many requests one client sends that are refused for what is in them: to refuse costs something, too.

import type { Context, MiddlewareHandler } from 'hono'
import type { KeyRing } from '../keys/key-ring.ts'
import { clientName } from '../run/record.ts'
import { Refusal, toRefusal } from '../run/refusal.ts'
import type { AppEnv } from './app-env.ts'
import { bearerKey } from './auth.ts'
import { type RateLimitOptions, ratePolicyOf } from './rate-limit.ts'

/** How many times as many requests may be refused as may run. */
const TIMES_RUNS = 10
/** What a client could have known: the body, its size, its type. Not a key, a rate, or a server that is full. */
const COUNTED: readonly number[] = [400, 413, 415]
/** How many clients may be over their rates before those whose window has ended are looked for. */
const MANY_CLIENTS = 1000

export interface RefusalRate {
  /**
   * Counts what is refused behind it, when it is known who asked.
   * @throws {Refusal} `rate_limited`, before anything of the body is read.
   */
  limit: MiddlewareHandler<AppEnv>
  /**
   * Asks once more, where the key has come after the body.
   * @throws {Refusal} `rate_limited`
   */
  again: MiddlewareHandler<AppEnv>
}

/**
 * Counts requests that are refused with 400, 413 or 415 against the client's key, or else its address, and refuses the next
 * ones of who has had ten times as many as it may have runs. Nobody is counted, or asked after, while all is well.
 */
export function refusalRate(options: RateLimitOptions & { ring: KeyRing }): RefusalRate {
  const { limiter, policy, ring } = options
  /** Until when a client is refused, by `performance.now()`. */
  const refusedUntilMs = new Map<string, number>()

  /** Who is counted: the key that was found already, or that will be. */
  const counted = (c: Context<AppEnv>) => {
    const key = c.get('key') ?? (ring.isRequired ? ring.find(bearerKey(c) ?? '') : undefined)
    const { requests, windowSeconds } = ratePolicyOf(key, policy)
    return {
      // Not the name that its runs are counted under: another client's runs may have the same policy.
      name: `refused:${clientName({ key, client: c.get('client') })}`,
      own: { requests: TIMES_RUNS * requests, windowSeconds },
    }
  }

  const refuse = (c: Context<AppEnv>) => {
    const { name, own } = counted(c)
    const leftMs = (refusedUntilMs.get(name) ?? 0) - performance.now()
    if (leftMs <= 0) {
      refusedUntilMs.delete(name)
      return
    }
    c.set('isBodyLeft', true)
    const resetSeconds = Math.ceil(leftMs / 1000)
    const had = `${own.requests} requests in ${own.windowSeconds} s were refused`
    throw new Refusal('rate_limited', `${had}; try again in ${resetSeconds} s`, {
      headers: { 'Retry-After': String(resetSeconds) },
    })
  }

  const count = async (c: Context<AppEnv>, status: number) => {
    if (!COUNTED.includes(status)) return
    const { name, own } = counted(c)
    const { remaining, resetMs } = await limiter.count(name, own)
    if (remaining > 0) return
    const nowMs = performance.now()
    if (refusedUntilMs.size >= MANY_CLIENTS) {
      for (const [other, untilMs] of refusedUntilMs) {
        if (untilMs <= nowMs) refusedUntilMs.delete(other)
      }
    }
    refusedUntilMs.set(name, nowMs + resetMs)
  }

  return {
    limit: async (c, next) => {
      refuse(c)
      try {
        await next()
      } catch (error) {
        await count(c, toRefusal(error, c.req.raw.signal).status)
        throw error
      }
      await count(c, c.res.status)
    },
    again: async (c, next) => {
      refuse(c)
      await next()
    },
  }
}
