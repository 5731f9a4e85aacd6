// Looks after runs that nobody goes on with: every server and worker does, one of them at a time.

import type { Logger } from 'pino'
import type { RunQueue } from './run-queue.ts'

/** How often somebody looks, in milliseconds. */
const SWEEP_MS = 1000
/** How long one may take before another one looks, in milliseconds. */
const LOCK_MS = 900

/** Sweeps until it is closed. */
export class Sweeper {
  readonly #queue: RunQueue
  readonly #logger: Logger
  readonly #timer: NodeJS.Timeout
  #place = 0
  #isBusy = false

  constructor(queue: RunQueue, logger: Logger) {
    this.#queue = queue
    this.#logger = logger
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #sweep(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      if (!(await this.#queue.maySweep(LOCK_MS))) return
      await this.#queue.sweep()
      this.#place = await this.#queue.audit(this.#place)
    } catch (error) {
      // Redis is away: others tell of that. The next sweep finds what this one missed.
      this.#logger.debug({ err: error }, 'the queue could not be swept')
    } finally {
      this.#isBusy = false
    }
  }
}
