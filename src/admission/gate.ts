// Bounds how many runs go on at once and how many wait. What somebody waits for goes before what is read later.

import type { RunKind } from '../run/executor.ts'
import type { Client } from '../run/record.ts'
import { cancelled, Refusal } from '../run/refusal.ts'
import { DrainRate } from './drain-rate.ts'
import { FairLine } from './fair-line.ts'
import { tooManyAtOnce } from './fair-share.ts'

/**
 * How many synchronous runs may go before the asynchronous ones that wait, where both do: whoever keeps the line of the ones
 * filled keeps nobody from the others.
 */
const MAX_PASSED = 3
/** How long a place is kept for an asynchronous run that is on its way to it, in milliseconds. */
const PROMISE_MS = 100

export interface GateOptions {
  /** How many may be inside at once. */
  maxRunning: number
  /** How many may wait for a place. Asynchronous runs don't wait here: whoever sends those bounds them. */
  maxWaiting: number
  /** How long one may wait, in milliseconds. */
  maxWaitMs: number
}

/** What one who asks for a place may say of itself. */
export interface Turn {
  /** By default `sync`. */
  kind?: RunKind
  /** How many of its client's may be inside at once, as it is from now on; by default as many as there are places. */
  maxConcurrent?: number | undefined
}

/** What one client has here. */
interface Counts {
  /** How many may be inside at once. */
  max: number
  /** How many are inside, of each kind. */
  sync: number
  async: number
  /** Synchronous ones that wait. */
  waiting: number
}

/** One who waits. */
interface Waiting {
  /** Those of its client. */
  counts: Counts
  enter: () => void
  /** Refuses it, for it has to make room. */
  displace: () => void
}

/** Says that an asynchronous run came too late: a synchronous one took its place. */
export class NoRoom extends Refusal {
  constructor() {
    super('busy', 'There is no slot for an asynchronous run at the moment; try again later')
  }
}

/**
 * Lets a bounded number in, and keeps a bounded line before the door, in which synchronous runs have fair turns. An
 * asynchronous run gets a place that no synchronous one waits for, or every fourth, or none: whoever sends these keeps those
 * that wait, and is told when there may be room.
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
  /** How many from the line were let in since the last asynchronous one. */
  #passed = 0
  /** Ends the time for which a place is kept for an asynchronous one. */
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

  /** How many places nobody has. */
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

  /** How many of a client's may be inside at once from now on, where it has something here. */
  setMax(client: string, max: number): void {
    const counts = this.#clients.get(client)
    if (counts) this.#setMax(counts, max)
  }

  /**
   * Calls `task` when there is a place, and frees the place however the task ends. Those of one client wait in the order
   * in which they came. What has no client is our own: it goes before all clients, and does not make room for one.
   * @throws {Refusal} `busy` when the line is full and no other client holds more of it, when one that holds less took the
   *   place, or when the wait ran out; `rate_limited` when as many synchronous ones of the client's are here as may be inside;
   *   `cancelled`; of an asynchronous one `NoRoom`.
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

  /** Each of our own has its own: they have no bound together. */
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

  /** Keeps a place for the asynchronous run that is on its way: it may not come, and others wait. */
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

  /** Resolves with a place. */
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

  /** Takes a place in a full line from whoever holds more of it. */
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
