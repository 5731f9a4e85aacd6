// Tries the walls again and again, at times when that is in nobody's way.

import type { Logger } from 'pino'

/** How often in a row a trial is put off because the service is busy. */
const MAX_DELAYS = 4

export interface RecurringTrialOptions {
  /** Time between two trials, in milliseconds. */
  everyMs: number
  /** Makes one. What it throws is logged, and the next one is made at its time. */
  attempt: (signal: AbortSignal) => Promise<void>
  /** Whether a trial would be in the way of clients now. */
  isBusy: () => boolean
  logger: Logger
}

/** Trials at regular times, one at once. It keeps no process alive. */
export class RecurringTrial {
  readonly #options: RecurringTrialOptions
  readonly #stop = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #delays = 0

  constructor(options: RecurringTrialOptions) {
    this.#options = options
  }

  /** The first trial is one interval from now. */
  start(): void {
    if (this.#stop.signal.aborted) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#onTime(), this.#options.everyMs).unref()
  }

  /** No trial begins any more, and one that goes on is stopped. */
  close(): void {
    this.#stop.abort()
    clearTimeout(this.#timer)
  }

  async #onTime(): Promise<void> {
    if (this.#options.isBusy() && this.#delays < MAX_DELAYS) {
      this.#delays += 1
    } else {
      this.#delays = 0
      await this.#attempt()
    }
    this.start()
  }

  async #attempt(): Promise<void> {
    const { attempt, logger } = this.#options
    try {
      await attempt(this.#stop.signal)
    } catch (error) {
      if (!this.#stop.signal.aborted) logger.warn({ err: error }, 'the walls could not be tried')
    }
  }
}
