// What servers know of the queue and its workers: asked now and then, so that whoever wants to know does not wait.

import type { Logger } from 'pino'
import type { RunQueue, SeenWorker } from './run-queue.ts'

/** How often Redis is asked, in milliseconds. */
const ASK_MS = 1000
/** How old an answer may be, in milliseconds, before nothing is known any more. */
const STALE_MS = 10_000

export interface QueueState {
  /** Whether Redis answered lately. */
  isKnown: boolean
  workers: readonly SeenWorker[]
  /** Jobs by environment. */
  depths: Readonly<Record<string, { waiting: number; active: number }>>
}

const NOTHING: QueueState = { isKnown: false, workers: [], depths: {} }

/** Asks until it is closed. */
export class QueueWatch {
  readonly #queue: RunQueue
  readonly #logger: Logger
  readonly #timer: NodeJS.Timeout
  #state = NOTHING
  #askedAtMs = Number.NEGATIVE_INFINITY
  #isBusy = false

  constructor(queue: RunQueue, logger: Logger) {
    this.#queue = queue
    this.#logger = logger
    this.#timer = setInterval(() => this.#ask(), ASK_MS)
    void this.#ask()
  }

  get state(): QueueState {
    return performance.now() - this.#askedAtMs < STALE_MS ? this.#state : NOTHING
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #ask(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      const [workers, ...depths] = await Promise.all([
        this.#queue.workers(),
        ...[...this.#queue.queues].map(async ([environment, queue]) => {
          const counts = await queue.getJobCounts('wait', 'prioritized', 'active')
          const waiting = (counts.wait ?? 0) + (counts.prioritized ?? 0)
          return [environment, { waiting, active: counts.active ?? 0 }] as const
        }),
      ])
      this.#state = { isKnown: true, workers, depths: Object.fromEntries(depths) }
      this.#askedAtMs = performance.now()
    } catch (error) {
      this.#logger.debug({ err: error }, 'the queue could not be looked at')
    } finally {
      this.#isBusy = false
    }
  }
}
