// Bounds how many runs go on at once and how many wait.

import type { RunKind } from '../run/executor.ts'
import type { Client } from '../run/record.ts'
import { cancelled, Refusal } from '../run/refusal.ts'
import { DrainRate } from './drain-rate.ts'
import { FairLine } from './fair-line.ts'

export interface GateOptions {
  /** How many may be inside at once. */
  maxRunning: number
  /** How many may wait for a place, beside asynchronous runs: whoever sends those bounds them. */
  maxWaiting: number
  /** How long one may wait, in milliseconds. */
  maxWaitMs: number
}

/** What one who asks for a place may say of itself. */
export interface Turn {
  /** Until when it may wait, by `performance.now()`, where that is sooner than the gate's own bound. */
  untilMs?: number | undefined
  /** By default `sync`. */
  kind?: RunKind
}

/** One who waits. */
interface Waiting {
  kind: RunKind
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
  /** How many of those in the line are synchronous runs. */
  #synchronous = 0

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
   * @throws {Refusal} `busy` when the line is full and no other client holds more of it, when one that holds less took the
   *   place, or when the wait ran out; `cancelled`.
   */
  async use<T>(
    task: () => Promise<T>,
    signal: AbortSignal,
    client?: Client,
    turn: Turn = {},
  ): Promise<T> {
    if (signal.aborted) throw cancelled(signal)
    if (this.isFull) await this.#wait(signal, client, turn)
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
  #wait(
    signal: AbortSignal,
    client: Client | undefined,
    { untilMs = Number.POSITIVE_INFINITY, kind = 'sync' }: Turn,
  ): Promise<void> {
    if (kind === 'sync') this.#makeRoom(client)
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
        if (kind === 'sync') this.#synchronous -= 1
      }
      signal.addEventListener('abort', onAbort)
      const place = this.#line.add({ kind, enter, displace }, client)
      if (kind === 'sync') this.#synchronous += 1
    })
  }

  /**
   * Takes a place in a full line from whoever holds more of it. An asynchronous run that would be served last takes none,
   * and is tried again by whoever sent it.
   */
  #makeRoom(client: Client | undefined): void {
    while (this.#synchronous >= this.#options.maxWaiting) {
      const displaced = this.#line.displacedBy(client)
      if (!displaced) throw this.#busy('The waiting line is full')
      displaced.displace()
    }
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
