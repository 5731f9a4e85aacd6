// Bounds how many requests one client sends that are refused for what is in them: to refuse costs something, too.

import type { Context, MiddlewareHandler } from 'hono'
import type { ApiKey } from '../keys/api-key.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { RateLimiter, RatePolicy } from '../rate-limiter/rate-limiter.ts'
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

export interface RefusalRateOptions extends RateLimitOptions {
  ring: KeyRing
}

/**
 * Counts requests that are refused with 400, 413 or 415 against the client's key, or else its address, and refuses the next
 * ones of who has had ten times as many as it may have runs. Nobody is counted, or asked after, while all is well.
 */
export class RefusalRate {
  readonly #limiter: RateLimiter
  readonly #policy: RatePolicy
  readonly #ring: KeyRing
  /** Until when a client is refused, by `performance.now()`. */
  readonly #refusedUntilMs = new Map<string, number>()

  constructor({ limiter, policy, ring }: RefusalRateOptions) {
    this.#limiter = limiter
    this.#policy = policy
    this.#ring = ring
  }

  /**
   * Counts what is refused behind it, when it is known who asked.
   * @throws {Refusal} `rate_limited`, before anything of the body is read.
   */
  readonly limit: MiddlewareHandler<AppEnv> = async (c, next) => {
    this.#refuse(c)
    try {
      await next()
    } catch (error) {
      await this.#count(c, toRefusal(error, c.req.raw.signal).status)
      throw error
    }
    await this.#count(c, c.res.status)
  }

  /**
   * Asks once more, where the key has come after the body.
   * @throws {Refusal} `rate_limited`
   */
  readonly again: MiddlewareHandler<AppEnv> = async (c, next) => {
    this.#refuse(c)
    await next()
  }

  #refuse(c: Context<AppEnv>): void {
    const client = this.#clientOf(c)
    const untilMs = this.#refusedUntilMs.get(client)
    if (untilMs === undefined) return
    const leftMs = untilMs - performance.now()
    if (leftMs > 0) {
      c.set('isBodyLeft', true)
      throw overRefusals(this.#policyOf(c), Math.ceil(leftMs / 1000))
    }
    this.#refusedUntilMs.delete(client)
  }

  async #count(c: Context<AppEnv>, status: number): Promise<void> {
    if (!COUNTED.includes(status)) return
    const client = this.#clientOf(c)
    const { remaining, resetMs } = await this.#limiter.count(client, this.#policyOf(c))
    if (remaining > 0) return
    const nowMs = performance.now()
    if (this.#refusedUntilMs.size >= MANY_CLIENTS) {
      for (const [other, untilMs] of this.#refusedUntilMs) {
        if (untilMs <= nowMs) this.#refusedUntilMs.delete(other)
      }
    }
    this.#refusedUntilMs.set(client, nowMs + resetMs)
  }

  #policyOf(c: Context<AppEnv>): RatePolicy {
    const { requests, windowSeconds } = ratePolicyOf(this.#keyOf(c), this.#policy)
    return { requests: TIMES_RUNS * requests, windowSeconds }
  }

  /** The key that was found already, or that will be. */
  #keyOf(c: Context<AppEnv>): ApiKey | undefined {
    return c.get('key') ?? (this.#ring.isRequired ? this.#ring.find(bearerKey(c) ?? '') : undefined)
  }

  /** Not the name that its runs are counted under: another client's runs may have the same policy. */
  #clientOf(c: Context<AppEnv>): string {
    return `refused:${clientName({ key: this.#keyOf(c), client: c.get('client') })}`
  }
}

function overRefusals({ requests, windowSeconds }: RatePolicy, resetSeconds: number): Refusal {
  const had = `${requests} requests in ${windowSeconds} s were refused`
  return new Refusal('rate_limited', `${had}; try again in ${resetSeconds} s`, {
    headers: { 'Retry-After': String(resetSeconds) },
  })
}
