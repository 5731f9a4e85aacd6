// Counts what clients send in a Redis that several servers share, and in memory while it is away.

import { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import {
  LibraryRateLimiter,
  MemoryRateLimiter,
  NO_LIMIT,
  type RateLimiter,
  type RatePolicy,
  type RateState,
} from './rate-limiter.ts'

/** Longest time for one command, in milliseconds: one is sent before each run. */
const COMMAND_TIMEOUT_MS = 250
/** How long no command is sent after one that failed, in milliseconds. */
const REST_MS = 1000
/** Longest pause between attempts to connect, in milliseconds. */
const LAST_RETRY_MS = 2000

/**
 * Shares its counts with all servers on the same Redis that have the same `prefix` (QUEUE_PREFIX). The library's
 * `insuranceLimiter` is not used: it would give a request back to memory that Redis has counted, send a command for each
 * request to a Redis that hangs, and not log that it counts in memory.
 */
export class RedisRateLimiter implements RateLimiter {
  readonly #redis: Redis
  readonly #logger: Logger
  readonly #memory: RateLimiter = new MemoryRateLimiter()
  readonly #inRedis: RateLimiter
  #restsUntilMs = 0
  #isShared = true

  constructor(url: string, logger: Logger, prefix: string) {
    this.#logger = logger
    this.#redis = new Redis(url, {
      // A command fails at once while there is no connection: requests are counted in memory then.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      connectTimeout: 2000,
      retryStrategy: (attempt) => Math.min(attempt * 100, LAST_RETRY_MS),
    })
    this.#redis.on('error', (error: Error) => this.#fallBack(error))
    // Not only after a request: an idle server would report for ever that it counts alone.
    this.#redis.on('ready', () => this.#isBack())
    this.#inRedis = new LibraryRateLimiter(
      new RateLimiterRedis({
        storeClient: this.#redis,
        keyPrefix: `${prefix}:rate`,
        ...NO_LIMIT,
      }),
    )
  }

  /** Whether requests are counted in Redis, and not in memory. */
  get isShared(): boolean {
    return this.#isShared
  }

  async count(client: string, policy: RatePolicy, requests = 1): Promise<RateState> {
    if (performance.now() >= this.#restsUntilMs) {
      try {
        const state = await this.#inRedis.count(client, policy, requests)
        this.#isBack()
        const giveBack = () => state.giveBack().catch((error: Error) => this.#fallBack(error))
        return { ...state, giveBack }
      } catch (error) {
        this.#fallBack(error as Error)
      }
    }
    return this.#memory.count(client, policy, requests)
  }

  close(): void {
    this.#redis.disconnect()
  }

  #fallBack(error: Error): void {
    this.#restsUntilMs = performance.now() + REST_MS
    if (!this.#isShared) return
    this.#isShared = false
    this.#logger.warn(
      { cause: error.message || String(error) },
      'Redis is away: this server counts the rates of its own clients alone',
    )
  }

  #isBack(): void {
    this.#restsUntilMs = 0
    if (this.#isShared) return
    this.#isShared = true
    this.#logger.info('Redis is back: the servers count rates together')
  }
}
