// Bounds how many runs go on at once and how many wait.

import { DrainRate } from '../drain-rate.ts'
import { cancelled, Refusal } from '../errors.ts'
import { type Client, FairLine } from './fair-line.ts'

export interface GateOptions {
  /** How many may be inside at once. */
  maxRunning: number
  /** How many may wait for a place. */
  maxWaiting: number
  /** How long one may wait, in milliseconds. */
  maxWaitMs: number
}

/** One who waits. */
interface Waiting {
  enter: () => void
  /** Refuses it, for it has to make room. */
  displace: () => void
}

/** Lets a bounded number in, in fair turns, and keeps a bounded line before the door. */
export class Gate {
  readonly #options: GateOptions
  readonly #line = new FairLine<Waiting>()
  readonly #drainRate = new DrainRate()
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
   * Calls `task` when there is a place, and frees the place however the task ends. Those of one client wait in the order
   * in which they came. What has no client is our own: it goes before all clients, and does not make room for one.
   * `untilMs`: until when it may wait, by `performance.now()`, where that is sooner than the gate's own bound.
   * @throws {Refusal} `busy` when the line is full and no other client holds more of it, when one that holds less took the
   *   place, or when the wait ran out; `cancelled`.
   */
  async use<T>(
    task: () => Promise<T>,
    signal: AbortSignal,
    client?: Client,
    untilMs = Number.POSITIVE_INFINITY,
  ): Promise<T> {
    if (signal.aborted) throw cancelled(signal)
    if (this.isFull) await this.#wait(signal, client, untilMs)
    else this.#enterFreePlace()
    try {
      return await task()
    } finally {
      this.#leave()
    }
  }

  #enterFreePlace(): void {
    this.#running += 1
    this.#line.forget()
    this.#drainRate.setFull(this.isFull)
  }

  /** Resolves with the place of one who left: the count stays as it is. */
  #wait(signal: AbortSignal, client: Client | undefined, untilMs: number): Promise<void> {
    if (this.#line.size >= this.#options.maxWaiting) this.#makeRoom(client)
    return new Promise((resolve, reject) => {
      const stop = (reason: unknown) => {
        leaveLine()
        reject(reason)
      }
      const enter = () => {
        leaveLine()
        resolve()
      }
      const displace = () =>
        stop(this.#busy('The waiting line is full, and who has fewer places in it goes first'))
      const onAbort = () => stop(cancelled(signal))
      const timer = setTimeout(
        () => stop(this.#busy('No place became free in time')),
        Math.min(this.#options.maxWaitMs, untilMs - performance.now()),
      )
      const leaveLine = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        this.#line.delete(place)
      }
      signal.addEventListener('abort', onAbort)
      const place = this.#line.add({ enter, displace }, client)
    })
  }

  /** Takes a place in the line from whoever holds more of it. */
  #makeRoom(client: Client | undefined): void {
    const displaced = this.#line.displacedBy(client)
    if (!displaced) throw this.#busy('The waiting line is full')
    displaced.displace()
  }

  #leave(): void {
    this.#drainRate.left()
    const next = this.#line.shift()
    if (next) {
      next.enter()
      return
    }
    this.#running -= 1
    this.#drainRate.setFull(this.isFull)
  }

  /** The hint is when those who wait will have been served. Until something was seen, a run is taken to last a second. */
  #busy(why: string): Refusal {
    const wait = this.#drainRate.retryAfter(this.#line.size, this.#options.maxRunning)
    return new Refusal('busy', `${why}; try again later`, { headers: { 'Retry-After': wait } })
  }
}
