// The places of one key: how many of its runs go on at once, and which of those that wait for that is next.

import { cancelled, Refusal } from '../run/refusal.ts'

export interface KeyPlacesOptions {
  /** How long a synchronous run may wait for an asynchronous one of the same key to end, in milliseconds. */
  maxWaitMs: number
}

/**
 * Synchronous runs go before asynchronous ones: a batch must not keep its own key's clients out. As many as there are
 * places may be there at once, so that each place that a synchronous one leaves with none behind it is an asynchronous
 * one's: the batch goes on too.
 */
export class KeyPlaces {
  /** How many there are: `maxConcurrent` of the key, as it was said last. */
  max = 1
  readonly #options: KeyPlacesOptions
  /** Lets one in each, in the order in which they came. */
  readonly #waiting = new Set<() => void>()
  #running = 0
  /** Those that wait or go on. */
  #synchronous = 0
  #onRoom: (() => void) | undefined

  constructor(options: KeyPlacesOptions) {
    this.#options = options
  }

  get isIdle(): boolean {
    return this.#running + this.#synchronous === 0
  }

  /**
   * Calls `task` for a synchronous run when there is a place. It gets the time, by `performance.now()`, until which it may
   * wait for anything else; undefined where it did not have to wait here.
   * @throws {Refusal} `rate_limited` where as many synchronous ones are there as there are places; `busy` where none
   *   became free in time; `cancelled`.
   */
  async use<T>(task: (untilMs?: number) => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#synchronous >= this.max) throw tooManyAtOnce(this.max)
    this.#synchronous += 1
    try {
      if (this.#running < this.max && this.#waiting.size === 0) {
        this.#running += 1
        return await this.#during(task)
      }
      const untilMs = performance.now() + this.#options.maxWaitMs
      await this.#wait(signal)
      return await this.#during(() => task(untilMs))
    } finally {
      this.#synchronous -= 1
    }
  }

  /**
   * Calls `task` for an asynchronous run if there is a place that no synchronous one waits for.
   * @throws {Refusal} `rate_limited` where there is none; `onRoom` is called when there is one.
   */
  async useNow<T>(task: () => Promise<T>, onRoom?: () => void): Promise<T> {
    if (this.#running + this.#waiting.size >= this.max) {
      this.#onRoom = onRoom
      throw tooManyAtOnce(this.max)
    }
    this.#running += 1
    return this.#during(task)
  }

  async #during<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task()
    } finally {
      this.#running -= 1
      this.#letIn()
    }
  }

  /** Resolves with a place. */
  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        this.#waiting.delete(enter)
      }
      const enter = () => {
        leave()
        this.#running += 1
        resolve()
      }
      const giveUp = (refusal: Refusal) => {
        leave()
        this.#letIn() // an asynchronous one need not wait for it any more
        reject(refusal)
      }
      const onAbort = () => giveUp(cancelled(signal))
      const timer = setTimeout(() => giveUp(noneInTime()), this.#options.maxWaitMs)
      signal.addEventListener('abort', onAbort)
      this.#waiting.add(enter)
      if (signal.aborted) onAbort()
      else this.#letIn() // there may be more places than there were
    })
  }

  #letIn(): void {
    for (const enter of this.#waiting) {
      if (this.#running >= this.max) return
      enter()
    }
    if (this.#running >= this.max) return
    const onRoom = this.#onRoom
    this.#onRoom = undefined
    onRoom?.()
  }
}

/** What is said where a key has as many programs as it may have at once. */
export function tooManyAtOnce(maxConcurrent: number): Refusal {
  return new Refusal(
    'rate_limited',
    `This key may run ${maxConcurrent} at once; try again when one has ended`,
    { headers: { 'Retry-After': '1' } },
  )
}

function noneInTime(): Refusal {
  const error = 'None of this key’s asynchronous runs ended in time; try again later'
  return new Refusal('busy', error, { headers: { 'Retry-After': '5' } })
}
