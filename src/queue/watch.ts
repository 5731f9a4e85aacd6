// What servers know of the queue and its workers: asked now and then, so that whoever wants to know does not wait.

import type { Logger } from 'pino'
import type { QueueBytes, RunQueue, SeenWorker } from './run-queue.ts'

/** How often Redis is asked, in milliseconds. */
const ASK_MS = 1000
/** How old an answer may be, in milliseconds, before nothing is known any more. */
const STALE_MS = 10_000
/** How old an answer may be, in milliseconds, before the queue counts as away: one comes each second. */
const LATE_MS = 3000

export interface QueueState {
  /** Whether Redis answered lately. */
  isKnown: boolean
  /** How old this is, in milliseconds. */
  ageMs: number
  workers: readonly SeenWorker[]
  /** Webhooks that have no end yet. */
  webhooks: number
  /** What runs take in Redis, about. */
  bytes: QueueBytes
  /** Runs in the line that somebody waits for. */
  synchronous: number
  /** Jobs by environment. */
  depths: Readonly<Record<string, { waiting: number; active: number }>>
}

const NOTHING: QueueState = {
  ...{ isKnown: false, ageMs: Number.POSITIVE_INFINITY },
  ...{ workers: [], webhooks: 0, bytes: { unfinished: 0, kept: 0, reserved: 0 } },
  ...{ synchronous: 0, depths: {} },
}

/** Asks until it is closed. */
export class QueueWatch {
  readonly #queue: RunQueue
  readonly #logger: Logger
  readonly #webhooks: () => Promise<number>
  readonly #timer: NodeJS.Timeout
  #state = NOTHING
  #askedAtMs = Number.NEGATIVE_INFINITY
  #isBusy = false

  /** `webhooks` says how many have no end yet; by default there are none. */
  constructor(queue: RunQueue, logger: Logger, webhooks = async () => 0) {
    this.#queue = queue
    this.#webhooks = webhooks
    this.#logger = logger
    this.#timer = setInterval(() => this.#ask(), ASK_MS)
    void this.#ask()
  }

  get state(): QueueState {
    const ageMs = performance.now() - this.#askedAtMs
    return ageMs < STALE_MS ? { ...this.#state, ageMs } : NOTHING
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #ask(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      const [workers, webhooks, bytes, synchronous, ...depths] = await Promise.all([
        this.#queue.workers(),
        this.#webhooks(),
        this.#queue.bytes(),
        this.#queue.synchronous(),
        ...[...this.#queue.jobs.queues].map(async ([environment, queue]) => {
          const counts = await queue.getJobCounts('wait', 'prioritized', 'active')
          const waiting = (counts.wait ?? 0) + (counts.prioritized ?? 0)
          return [environment, { waiting, active: counts.active ?? 0 }] as const
        }),
      ])
      this.#state = {
        ...NOTHING,
        isKnown: true,
        ...{ workers, webhooks, bytes, synchronous },
        depths: Object.fromEntries(depths),
      }
      this.#askedAtMs = performance.now()
    } catch (error) {
      this.#logger.debug({ err: error }, 'the queue could not be looked at')
    } finally {
      this.#isBusy = false
    }
  }
}

/** What is in the way of all programs of an environment; undefined where nothing is known to be. */
export function obstacleIn(
  { ageMs, workers }: QueueState,
  environment: string,
): string | undefined {
  if (ageMs > LATE_MS) return 'The queue is away'
  const isThere = workers.some(({ environments }) => environments.includes(environment))
  return isThere ? undefined : 'No worker is there to run programs'
}
