// Bounds how many runs go on at once and how many wait.

import { cancelled, Refusal } from '../errors.ts'

export interface GateOptions {
  /** How many may be inside at once. */
  maxRunning: number
  /** How many may wait for a place. */
  maxWaiting: number
  /** How long one may wait, in milliseconds. */
  maxWaitMs: number
}

/** Lets a bounded number in, first come first served, and keeps a bounded line before the door. */
export class Gate {
  readonly #options: GateOptions
  readonly #line = new Set<() => void>()
  #running = 0

  constructor(options: GateOptions) {
    this.#options = options
  }

  get running(): number {
    return this.#running
  }

  /** Whether the next one would have to wait. */
  get isFull(): boolean {
    return this.#running >= this.#options.maxRunning
  }

  get waiting(): number {
    return this.#line.size
  }

  /**
   * Calls `task` when there is a place, and frees the place however the task ends.
   * @throws {Refusal} `busy` when the line is full or the wait ran out; `cancelled`.
   */
  async use<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (signal.aborted) throw cancelled(signal)
    if (this.isFull) await this.#wait(signal)
    else this.#running += 1
    try {
      return await task()
    } finally {
      this.#leave()
    }
  }

  /** Resolves with the place of one who left: the count stays as it is. */
  #wait(signal: AbortSignal): Promise<void> {
    if (this.#line.size >= this.#options.maxWaiting) throw this.#busy('The waiting line is full')
    return new Promise((resolve, reject) => {
      const stop = (reason: unknown) => {
        leaveLine()
        reject(reason)
      }
      const enter = () => {
        leaveLine()
        resolve()
      }
      const onAbort = () => stop(cancelled(signal))
      const timer = setTimeout(
        () => stop(this.#busy('No place became free in time')),
        this.#options.maxWaitMs,
      )
      const leaveLine = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        this.#line.delete(enter)
      }
      signal.addEventListener('abort', onAbort)
      this.#line.add(enter)
    })
  }

  #leave(): void {
    const [next] = this.#line
    if (next) next()
    else this.#running -= 1
  }

  /** The hint assumes that a run takes about a second. */
  #busy(why: string): Refusal {
    const retryAfterSeconds = Math.max(1, Math.ceil(this.#line.size / this.#options.maxRunning))
    return new Refusal('busy', `${why}; try again later`, {
      headers: { 'Retry-After': String(retryAfterSeconds) },
    })
  }
}
