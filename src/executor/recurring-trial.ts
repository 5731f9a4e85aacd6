// Tries the walls at intervals, preferably when the service is not busy.

import type { Logger } from 'pino'

/** How often in a row a trial is put off because the service is busy. */
const MAX_DELAYS = 4

export interface RecurringTrialOptions {
  /** Time between two trials, in milliseconds. */
  everyMs: number
  /** Makes a trial. Its errors are logged, and the next trial follows at its time. */
  attempt: (signal: AbortSignal) => Promise<void>
  /** Whether a trial would slow down clients now. */
  isBusy: () => boolean
  logger: Logger
}

/** Trials at regular intervals, one at a time. It does not keep the process alive. */
export class RecurringTrial {
  readonly #options: RecurringTrialOptions
  readonly #stop = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #delays = 0

  constructor(options: RecurringTrialOptions) {
    this.#options = options
  }

  /** Schedules the first trial one interval from now. */
  start(): void {
    if (this.#stop.signal.aborted) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#onTime(), this.#options.everyMs).unref()
  }

  /** Starts no further trials and stops a current one. */
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
