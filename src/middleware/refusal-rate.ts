// Bounds a client's rate of invalid requests, because refusing them has a cost, too.

import type { Context, MiddlewareHandler } from 'hono'
import type { KeyRing } from '../keys/key-ring.ts'
import { clientName } from '../run/record.ts'
import { Refusal, toRefusal } from '../run/refusal.ts'
import type { AppEnv } from './app-env.ts'
import { bearerKey } from './auth.ts'
import { type RateLimitOptions, ratePolicyOf } from './rate-limit.ts'

/** The rate of refused requests, as a multiple of the rate of runs. */
const TIMES_RUNS = 10
/** Statuses that are counted, of faults in the client's control: the body, its size, its type. */
const COUNTED: readonly number[] = [400, 413, 415]
/** Number of refused clients above which those with an ended window are removed. */
const MANY_CLIENTS = 1000

export interface RefusalRate {
  /**
   * Counts requests that are refused further down, when the client is known.
   * @throws {Refusal} `rate_limited`, before the body is read.
   */
  limit: MiddlewareHandler<AppEnv>
  /**
   * Checks the rate again, for a key that is in the body.
   * @throws {Refusal} `rate_limited`
   */
  again: MiddlewareHandler<AppEnv>
}

/**
 * Counts requests that are refused with 400, 413 or 415 against the client's key, or else its address, and refuses further
 * requests of a client that had ten times as many as it may have runs. Valid requests are not counted.
 */
export function refusalRate(options: RateLimitOptions & { ring: KeyRing }): RefusalRate {
  const { limiter, policy, ring } = options
  /** End of each refused client's window, by `performance.now()`. */
  const refusedUntilMs = new Map<string, number>()

  /** The name that a client is counted under, and its rate, by the key that was found or is in the header. */
  const counted = (c: Context<AppEnv>) => {
    const key = c.get('key') ?? (ring.isRequired ? ring.find(bearerKey(c) ?? '') : undefined)
    const { requests, windowSeconds } = ratePolicyOf(key, policy)
    return {
      // Not the name that runs are counted under: their policy may be the same.
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
