// Limits how many runs are active and how many wait. Synchronous runs go before asynchronous ones.

import type { RunKind } from '../run/executor.ts'
import type { Client } from '../run/record.ts'
import { cancelled, Refusal } from '../run/refusal.ts'
import { DrainRate } from './drain-rate.ts'
import { FairLine } from './fair-line.ts'
import { tooManyAtOnce } from './fair-share.ts'

/**
 * How many synchronous runs may go before waiting asynchronous ones: a steady stream of synchronous runs does not starve
 * the asynchronous ones.
 */
const MAX_PASSED = 3
/** How long a slot is reserved for an asynchronous run that is on its way, in milliseconds. */
const PROMISE_MS = 100

export interface GateOptions {
  /** How many may be inside at once. */
  maxRunning: number
  /** How many may wait for a slot. Asynchronous runs don't wait here: their sender limits them. */
  maxWaiting: number
  /** How long one may wait, in milliseconds. */
  maxWaitMs: number
}

/** Options of a run that asks for a slot. */
export interface Turn {
  /** By default `sync`. */
  kind?: RunKind
  /** How many runs of its client may be active at once, from now on; by default as many as there are slots. */
  maxConcurrent?: number | undefined
}

/** The runs of one client. */
interface Counts {
  /** How many may be inside at once. */
  max: number
  /** How many are inside, of each kind. */
  sync: number
  async: number
  /** Synchronous ones that wait. */
  waiting: number
}

/** A run that waits. */
interface Waiting {
  /** Those of its client. */
  counts: Counts
  enter: () => void
  /** Refuses the run to make room for another one. */
  displace: () => void
}

/** An asynchronous run came too late: a synchronous one took its slot. */
export class NoRoom extends Refusal {
  constructor() {
    super('busy', 'There is no slot for an asynchronous run at the moment; try again later')
  }
}

/**
 * Admits a limited number of runs, and keeps a limited queue in which synchronous runs are scheduled fairly. An
 * asynchronous run gets a slot that no synchronous one waits for, or every fourth one, or none: its sender keeps waiting
 * runs, and is notified when there may be room.
 *
 * A client's own bound is for both kinds together. A synchronous run that finds it reached by asynchronous ones waits until
 * one of these has left, whether or not the line is full. As many synchronous ones as may be inside may be here, so that
 * those that wait so are no more than there are places.
 */
export class Gate {
  /** Called when there may be room for an asynchronous run; tells whether one is on its way. */
  onRoom: () => boolean = () => false
  readonly #options: GateOptions
  readonly #line = new FairLine<Waiting>()
  readonly #drainRate = new DrainRate()
  /** By name, of clients that have something here. */
  readonly #clients = new Map<string, Counts>()
  /** How many are inside, of all clients and our own. */
  #running = 0
  /** How many queued runs were admitted since the last asynchronous one. */
  #passed = 0
  /** Timer that ends the reservation of a slot for an asynchronous run. */
  #promise: NodeJS.Timeout | undefined

  constructor(options: GateOptions) {
    this.#options = options
  }

  get running(): number {
    return this.#running
  }

  get maxRunning(): number {
    return this.#options.maxRunning
  }

  /** How many slots are free. */
  get free(): number {
    return this.#options.maxRunning - this.#running
  }

  /** Whether the next synchronous one would have to wait. */
  get isFull(): boolean {
    return this.free <= (this.#promise ? 1 : 0)
  }

  get waiting(): number {
    return this.#line.size
  }

  /** How many synchronous ones of a client's are inside or wait. */
  synchronousOf(client: string): number {
    const { sync = 0, waiting = 0 } = this.#clients.get(client) ?? {}
    return sync + waiting
  }

  /** How many runs of a client may be active at once from now on, if it has any here. */
  setMax(client: string, max: number): void {
    const counts = this.#clients.get(client)
    if (counts) this.#setMax(counts, max)
  }

  /**
   * Calls `task` when there is a slot, and frees the slot however the task ends. Runs of one client wait in the order
   * of arrival. A run without a client is the server's own: it goes before all clients, and is never displaced.
   * @throws {Refusal} `busy` when the queue is full and no other client has more entries in it, when a client with fewer
   *   entries displaced the run, or when the wait timed out; `rate_limited` when the client has as many synchronous runs here
   *   as may be active; `cancelled`; for an asynchronous run `NoRoom`.
   */
  async use<T>(
    task: () => Promise<T>,
    signal: AbortSignal,
    client?: Client,
    { kind = 'sync', maxConcurrent = Number.POSITIVE_INFINITY }: Turn = {},
  ): Promise<T> {
    if (signal.aborted) throw cancelled(signal)
    const counts = this.#countsOf(client, maxConcurrent)
    try {
      if (kind === 'async') this.#enterNow(counts)
      else await this.#enterInTurn(signal, client, counts)
      try {
        return await task()
      } finally {
        this.#leave(counts, kind)
      }
    } finally {
      const isOver = counts.sync + counts.async + counts.waiting === 0
      // Another one may have that name by now.
      if (client && isOver && this.#clients.get(client.name) === counts) {
        this.#clients.delete(client.name)
      }
    }
  }

  /** Each of the server's own runs has its own counts: they have no common limit. */
  #countsOf(client: Client | undefined, max: number): Counts {
    const known = client && this.#clients.get(client.name)
    if (known) {
      this.#setMax(known, max)
      return known
    }
    const counts = { max, sync: 0, async: 0, waiting: 0 }
    if (client) this.#clients.set(client.name, counts)
    return counts
  }

  #setMax(counts: Counts, max: number): void {
    const hasGrown = max > counts.max
    counts.max = max
    if (hasGrown) this.#letIn() // those that wait go before the one that says so
  }

  #enterNow(counts: Counts): void {
    if (this.free <= 0 || !hasRoom(counts, counts.waiting)) throw new NoRoom()
    this.#breakPromise()
    this.#passed = 0
    this.#enter(counts, 'async')
  }

  async #enterInTurn(signal: AbortSignal, client: Client | undefined, counts: Counts) {
    if (counts.sync + counts.waiting >= counts.max) throw tooManyAtOnce(counts.max)
    if (hasRoom(counts) && !this.isFull) {
      this.#line.forget()
      this.#enter(counts, 'sync')
      return
    }
    if (hasRoom(counts)) this.#makeRoom(client)
    await this.#wait(signal, client, counts)
  }

  #enter(counts: Counts, kind: RunKind): void {
    counts[kind] += 1
    this.#running += 1
    this.#drainRate.setFull(this.isFull)
  }

  #leave(counts: Counts, kind: RunKind): void {
    this.#drainRate.left()
    counts[kind] -= 1
    this.#running -= 1
    this.#letIn()
  }

  /** Lets in those that wait and may enter, and then what does not wait here. */
  #letIn(): void {
    while (!this.isFull) {
      if (this.#passed >= MAX_PASSED && this.onRoom()) this.#keepPlace()
      const next = this.isFull ? undefined : this.#line.shift(({ counts }) => hasRoom(counts))
      if (!next) break
      this.#passed += 1
      next.enter()
    }
    this.#drainRate.setFull(this.isFull)
    if (!this.isFull) this.onRoom()
  }

  /** Reserves a slot for the asynchronous run that is on its way, for a limited time: the run may not come, and others wait. */
  #keepPlace(): void {
    this.#passed = 0
    if (this.#promise) return
    const giveUp = () => {
      this.#breakPromise()
      this.#letIn()
    }
    this.#promise = setTimeout(giveUp, PROMISE_MS).unref()
  }

  #breakPromise(): void {
    clearTimeout(this.#promise)
    this.#promise = undefined
  }

  /** Resolves when the run has a slot. */
  #wait(signal: AbortSignal, client: Client | undefined, counts: Counts): Promise<void> {
    return new Promise((resolve, reject) => {
      const leaveLine = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        this.#line.delete(place)
        counts.waiting -= 1
      }
      const enter = () => {
        leaveLine()
        this.#enter(counts, 'sync')
        resolve()
      }
      const stop = (reason: unknown) => {
        leaveLine()
        reject(reason)
        this.#letIn() // what its client reads later need not wait for it any more
      }
      const displace = () =>
        stop(this.#busy('The queue is full, and clients with fewer runs in it go first'))
      const onAbort = () => stop(cancelled(signal))
      const giveUp = () =>
        stop(hasRoom(counts) ? this.#busy('No slot became free in time') : noneOfKeyInTime())
      const timer = setTimeout(giveUp, this.#options.maxWaitMs)
      signal.addEventListener('abort', onAbort)
      const place = this.#line.add({ counts, enter, displace }, client)
      counts.waiting += 1
    })
  }

  /** Displaces an entry of a client that has more of a full queue. */
  #makeRoom(client: Client | undefined): void {
    while (this.#line.size >= this.#options.maxWaiting) {
      const displaced = this.#line.displacedBy(client)
      if (!displaced) throw this.#busy('The queue is full')
      displaced.displace()
    }
  }

  /** The hint is when those who wait will have been served. Until something was seen, a run is taken to last a second. */
  #busy(why: string): Refusal {
    const wait = this.#drainRate.retryAfter(this.#line.size, this.#options.maxRunning)
    return new Refusal('busy', `${why}; try again later`, { headers: { 'Retry-After': wait } })
  }
}

/** Whether one more of a client's may be inside, beside those that go before it. */
function hasRoom({ max, sync, async }: Counts, before = 0): boolean {
  return sync + async + before < max
}

function noneOfKeyInTime(): Refusal {
  const error = 'None of this key’s asynchronous runs ended in time; try again later'
  return new Refusal('busy', error, { headers: { 'Retry-After': '5' } })
}
