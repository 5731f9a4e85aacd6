// The state of the queue and its workers, as a server knows it: asked for once a second, so that no reader waits.

import type { Logger } from 'pino'
import { pause } from '../waits/pause.ts'
import type { ResultBound } from './result-bound.ts'
import type { RunQueue, SeenWorker } from './run-queue.ts'
import { PROMISED_PART } from './scripts.ts'

/** How often Redis is asked, in milliseconds. */
const ASK_MS = 1000
/** Age of an answer after which the state is unknown, in milliseconds. */
const STALE_MS = 10_000
/** Age of an answer after which the queue counts as away, in milliseconds. */
const LATE_MS = 3000

const NOTHING = {
  /** Whether Redis answered lately. */
  isKnown: false,
  /** The age of this state, in milliseconds. */
  ageMs: Number.POSITIVE_INFINITY,
  workers: [] as readonly SeenWorker[],
  /** Open webhooks. */
  webhooks: 0,
  bytes: { unfinished: 0, kept: 0, reserved: 0, pinned: 0 },
  /** Synchronous runs that wait in the queue. */
  synchronous: 0,
  /** Jobs by environment. */
  depths: {} as Readonly<Record<string, { waiting: number; active: number }>>,
}

export type QueueState = typeof NOTHING

export interface QueueWatchOptions {
  queue: RunQueue
  logger: Logger
  /** The number of open webhooks. */
  webhooks: () => Promise<number>
  /** Most memory that all runs take in Redis, in bytes, estimated. */
  maxBytes: number
  /** The most that one run takes of it. */
  bound: ResultBound
}

/** Asks until it is closed. */
export class QueueWatch {
  readonly #options: QueueWatchOptions
  readonly #closed = new AbortController()
  #state = NOTHING
  #askedAtMs = Number.NEGATIVE_INFINITY
  /** The number of slots in the last warning. */
  #warnedOfSlots = 0

  constructor(options: QueueWatchOptions) {
    this.#options = options
    void this.#go()
  }

  get state(): QueueState {
    const ageMs = performance.now() - this.#askedAtMs
    return ageMs < STALE_MS ? { ...this.#state, ageMs } : NOTHING
  }

  close(): void {
    this.#closed.abort()
  }

  async #go(): Promise<void> {
    const { signal } = this.#closed
    for (; !signal.aborted; await pause(ASK_MS, signal)) await this.#ask()
  }

  async #ask(): Promise<void> {
    const { queue, logger } = this.#options
    try {
      const [workers, webhooks, bytes, synchronous, ...depths] = await Promise.all([
        queue.workers(),
        this.#options.webhooks(),
        queue.bytes(),
        queue.redis.hlen(queue.key('line:sync')),
        ...[...queue.jobs.queues].map(async ([environment, jobs]) => {
          const counts = await jobs.getJobCounts('wait', 'prioritized', 'active')
          const waiting = (counts.wait ?? 0) + (counts.prioritized ?? 0)
          return [environment, { waiting, active: counts.active ?? 0 }] as const
        }),
      ])
      const state = { workers, webhooks, bytes, synchronous, depths: Object.fromEntries(depths) }
      this.#state = { isKnown: true, ageMs: 0, ...state }
      this.#askedAtMs = performance.now()
      this.#warnOfMemory(workers)
    } catch (error) {
      logger.debug({ err: error }, 'the queue could not be looked at')
    }
  }

  /** Warns if workers have slots that stay empty, because there is no memory for the results of so many runs. */
  #warnOfMemory(workers: readonly SeenWorker[]): void {
    const { logger, maxBytes, bound } = this.#options
    const { endBytes, filesBytes, eventsBytes } = bound
    const places = workers.reduce((sum, { slots }) => sum + slots, 0)
    const atOnce = Math.max(1, Math.floor((PROMISED_PART * maxBytes) / endBytes))
    if (places <= Math.max(atOnce, this.#warnedOfSlots)) return
    this.#warnedOfSlots = places
    const wanted = (places * (endBytes + filesBytes + eventsBytes)) / PROMISED_PART
    logger.warn(
      { places, atOnce, wantedMb: Math.ceil(wanted / 2 ** 20) },
      'workers have more slots than there is memory for results: raise MAX_RESULTS_MB and the memory of Redis, or lower MAX_OUTPUT_BYTES and MAX_OUTPUT_FILES_BYTES',
    )
  }
}

/** Why no program of an environment can be run; undefined if nothing is known to prevent it. */
export function obstacleIn(
  { ageMs, workers }: QueueState,
  environment: string,
): string | undefined {
  if (ageMs > LATE_MS) return 'The queue is not reachable'
  const isThere = workers.some(({ environments }) => environments.includes(environment))
  return isThere ? undefined : 'No worker is available to run programs'
}
