// Counts the requests of clients, in the memory of this server.

import { type RateLimiterAbstract, RateLimiterMemory } from 'rate-limiter-flexible'

/** How many requests a client may send in a window. */
export interface RatePolicy {
  requests: number
  windowSeconds: number
}

/** The count of a client after a request. */
export interface RateState {
  isOver: boolean
  remaining: number
  /** Until the window ends, in milliseconds. */
  resetMs: number
  /** Takes the request back, unless the window is over. */
  giveBack: () => Promise<void>
}

/** Counts requests of clients. */
export interface RateLimiter {
  /** Counts requests, by default one. */
  count(client: string, policy: RatePolicy, requests?: number): Promise<RateState>
}

/** The library's own limit, which is not used: each policy has its own. */
export const NO_LIMIT = { points: Number.MAX_SAFE_INTEGER, duration: 1 }

/** Counts with a limiter of the library: each client has a count for each policy. */
export class LibraryRateLimiter implements RateLimiter {
  readonly #limiter: RateLimiterAbstract

  constructor(limiter: RateLimiterAbstract) {
    this.#limiter = limiter
  }

  /** @throws {Error} if the library's store fails. */
  async count(
    client: string,
    { requests: limit, windowSeconds }: RatePolicy,
    requests = 1,
  ): Promise<RateState> {
    const key = `${limit}/${windowSeconds}:${client}`
    const options = { customDuration: windowSeconds }
    const state = await this.#limiter.consume(key, requests, options)
    const endsAtMs = performance.now() + state.msBeforeNext
    return {
      isOver: state.consumedPoints > limit,
      remaining: Math.max(0, limit - state.consumedPoints),
      resetMs: state.msBeforeNext,
      giveBack: async () => {
        // In the next window the client would have one request more than the policy says.
        if (performance.now() < endsAtMs) await this.#limiter.reward(key, requests, options)
      },
    }
  }
}

/** In the memory of this server. */
export class MemoryRateLimiter extends LibraryRateLimiter {
  constructor() {
    super(new RateLimiterMemory(NO_LIMIT))
  }
}
