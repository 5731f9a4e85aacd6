// Counts what clients send, in the memory of this server.

import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/** How many requests one client may send in how long a window. */
export interface RatePolicy {
  requests: number
  windowSeconds: number
}

/** What is known of a client when a request was counted. */
export interface RateState {
  isOver: boolean
  remaining: number
  /** Until the window ends, in milliseconds. */
  resetMs: number
  /** Takes all of it back where it was counted; nothing happens when the window is over. */
  giveBack: () => Promise<void>
}

/** Counts requests of clients. */
export interface RateLimiter {
  /** Counts so many requests, by default one. */
  count(client: string, policy: RatePolicy, requests?: number): Promise<RateState>
}

/** What counts with one policy: a limiter of the library, in memory or elsewhere. */
export interface Counter {
  consume(client: string, points: number): Promise<RateLimiterRes>
  reward(client: string, points: number): Promise<RateLimiterRes>
}

/** Counts with a counter for each policy that keys and settings have. */
export class CountersByPolicy implements RateLimiter {
  readonly #make: (policy: RatePolicy) => Counter
  readonly #counters = new Map<string, Counter>()

  constructor(make: (policy: RatePolicy) => Counter) {
    this.#make = make
  }

  /** @throws {Error} when the counter can't count. */
  async count(client: string, policy: RatePolicy, requests = 1): Promise<RateState> {
    const name = policyName(policy)
    const counter = this.#counters.get(name) ?? this.#make(policy)
    this.#counters.set(name, counter)
    const state = await counter.consume(client, requests).catch((rejection: unknown) => {
      if (rejection instanceof RateLimiterRes) return rejection
      throw rejection
    })
    const endsAtMs = performance.now() + state.msBeforeNext
    return {
      isOver: state.consumedPoints > policy.requests,
      remaining: state.remainingPoints,
      resetMs: state.msBeforeNext,
      giveBack: async () => {
        // In the window after it there would be one more than the policy says.
        if (performance.now() < endsAtMs) await counter.reward(client, requests)
      },
    }
  }
}

/** In the memory of this server. */
export class MemoryRateLimiter extends CountersByPolicy {
  constructor() {
    super(({ requests, windowSeconds }) => {
      return new RateLimiterMemory({ points: requests, duration: windowSeconds })
    })
  }
}

/** A policy in a word. */
export function policyName({ requests, windowSeconds }: RatePolicy): string {
  return `${requests}/${windowSeconds}`
}
