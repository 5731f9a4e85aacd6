// Keeps sandboxes ready. Hands out, never takes back.

import type { Logger } from 'pino'
import { RecentUse } from '../admission/recent-use.ts'
import { cancelled, unavailable } from '../run/refusal.ts'
import { Circuit } from './circuit.ts'
import type { Containers } from './containers.ts'
import type { ExecutorEvents } from './events.ts'
import type { Sandbox } from './sandbox.ts'
import type { StartPace } from './start-pace.ts'
import { WaitingRequests } from './waiting-requests.ts'

/**
 * How long after a sandbox was taken the next one is started, in milliseconds, unless the run is over before: a short
 * run need not share the CPU with the start of a container.
 */
const REFILL_AFTER_TAKE_MS = 200
/**
 * How long after a run its container is cleared away, in milliseconds: the engine takes a CPU for that, and the answer
 * goes out first, through a queue too. Measured on two cores: at once it takes 1 ms of an answer, and 3 of one that comes
 * from a worker.
 */
const DISPOSE_AFTER_RUN_MS = 15
/** How long after a run the next one is started, in milliseconds: after the answer, too. */
const REFILL_AFTER_RUN_MS = 30
/** How long after every place was taken it is looked at again, in milliseconds: another pool's runs may have been in them. */
const REFILL_AFTER_CROWD_MS = 1000
/** How many times as much another client must have used lately for one to have the last container that is ready. */
const TIMES_AS_MUCH = 2
/** What part of a pool a client that often hangs up leaves to others. */
const RESERVED_FROM_HANG_UPS = 1 / 2
export interface PoolOptions {
  /** How many sandboxes wait. */
  size: number
  /** How old a waiting sandbox may get, in milliseconds. */
  maxAgeMs: number
  /** How long a request may wait until there is room for its container, in milliseconds. */
  maxWaitMs: number
  start: () => Sandbox
  /** What bounds the containers of all pools together. */
  containers: Containers
  /** Of all pools together: where clients hang up. */
  pace: StartPace
  /** Whether every place is taken: each run starts its own container then, and the pool would only be in the way. */
  isCrowded: () => boolean
  /** Of the environment that all of them are of. */
  environment: string
  events: ExecutorEvents
  logger: Logger
}

export interface TakeOptions {
  /** Who asks; undefined for programs of our own. */
  client: string | undefined
  signal: AbortSignal
  /** Called when a container is started for this request. */
  onStarted?: (() => void) | undefined
}

/**
 * A bounded number of sandboxes that wait for a job, oldest first. One that was taken and got no job waits again. The last
 * one that waits is for clients that have used little lately: a flood takes the others, and starts its own.
 */
export class Pool {
  readonly #options: PoolOptions
  /** With what ends the wait of each. */
  readonly #waiting = new Map<Sandbox, NodeJS.Timeout>()
  readonly #circuit = new Circuit()
  readonly #use = new RecentUse()
  readonly #requests = new WaitingRequests()
  #refillTimer: NodeJS.Timeout | undefined
  #refillDueAtMs = Number.POSITIVE_INFINITY
  #closed = false

  constructor(options: PoolOptions) {
    this.#options = options
    options.containers.onRoom(() => this.#onRoom())
    this.#refill()
  }

  get state(): { ready: number; size: number; isOpen: boolean } {
    const ready = [...this.#waiting.keys()].filter((sandbox) => sandbox.isReady).length
    return { ready, size: this.#options.size, isOpen: this.#circuit.isOpen }
  }

  /**
   * A sandbox that nobody else has or will get: a ready one, else one that is starting, else a new one. Waits while there
   * are as many containers as there may be.
   * @throws {Refusal} `unavailable` where there is none and none could be started lately; `busy` where there was no room
   *   for one in time; `cancelled`.
   */
  async take({ client, signal, onStarted }: TakeOptions): Promise<Sandbox> {
    const reserved = this.#reservedFrom(client)
    if (client !== undefined) this.#use.add(client)
    this.#refillSoon(REFILL_AFTER_TAKE_MS)
    const deadlineMs = performance.now() + this.#options.maxWaitMs
    for (;;) {
      if (signal.aborted) throw cancelled(signal)
      if (this.#closed) throw unavailable(new Error('the server ends'))
      const kept = reserved()
      const waiting = this.#choose(kept)
      if (waiting) {
        this.#forget(waiting)
        return waiting
      }
      const isPaced = client !== undefined && kept > 0 && this.#options.pace.isFor(client)
      this.#circuit.pass()
      if (this.#mayStart(isPaced)) {
        onStarted?.()
        return this.#start(isPaced)
      }
      await this.#requests.wait(signal, deadlineMs)
    }
  }

  /**
   * Takes back a sandbox that was taken. One that got no job waits for another request, and is thrown away only where more
   * wait than should. All others are thrown away behind the answer. `isOver`: nothing of its program is left; else it is
   * ended at once.
   */
  release(sandbox: Sandbox, isOver: boolean): void {
    if (sandbox.isUnused && !this.#closed) {
      this.#keep(sandbox)
      this.#requests.wake()
      return
    }
    void sandbox.dispose(isOver ? DISPOSE_AFTER_RUN_MS : 0)
    this.#refillSoon(REFILL_AFTER_RUN_MS)
  }

  /** Throws all sandboxes away; `Containers` knows when they are gone. */
  close(): void {
    this.#closed = true
    this.#refillDueAtMs = Number.NEGATIVE_INFINITY // nothing is due any more
    clearTimeout(this.#refillTimer)
    this.#requests.wake()
    for (const sandbox of this.#waiting.keys()) this.#drop(sandbox)
  }

  /** The oldest that is ready, else the oldest; of those that are left to others, as many as may be are ready ones. */
  #choose(reserved: number): Sandbox | undefined {
    const all = [...this.#waiting.keys()].sort((a, b) => a.startedAtMs - b.startedAtMs)
    if (all.length <= reserved) return undefined
    const ready = all.filter(({ isReady }) => isReady)
    return ready.length > reserved ? ready[0] : all.find(({ isReady }) => !isReady)
  }

  /** Tells how many of those that wait a client that asks now has to leave to others. Where one should wait, it is for use. */
  #reservedFrom(client: string | undefined): () => number {
    if (client === undefined || this.#options.size < 2) return () => 0
    const used = this.#use.of(client)
    return () => {
      if (used === 0 || TIMES_AS_MUCH * used <= this.#use.most(client)) return 0
      return this.#options.pace.isFor(client) ? this.#reserve : 1
    }
  }

  /** How many are started to wait before all else, for those who have used little lately. */
  get #reserve(): number {
    const { size, pace } = this.#options
    if (size < 2) return size
    return pace.isForPool ? Math.ceil(size * RESERVED_FROM_HANG_UPS) : 1
  }

  /** Those that are kept for others go first, then requests. */
  #onRoom(): void {
    if (this.#closed) return
    const { containers, size } = this.#options
    const isKept = size > 1 && this.#waiting.size < this.#reserve && this.#circuit.restMs === 0
    if (isKept && containers.hasRoom) this.#keep(this.#start(false))
    if (this.#requests.size > 0) this.#requests.wake()
    else this.#refillSoon(REFILL_AFTER_RUN_MS)
  }

  /** Whether one may be started now; where that is only for the pace, it is looked at again in time. */
  #mayStart(isPaced: boolean): boolean {
    const { containers, pace } = this.#options
    if (!containers.hasRoom) return false
    if (!isPaced) return true
    if (containers.counts.starting > 0) return false // `#onRoom` comes when it is ready
    if (pace.delayMs === 0) return true
    if (Number.isFinite(pace.delayMs)) this.#refillSoon(pace.delayMs)
    return false
  }

  #start(isPaced: boolean): Sandbox {
    const { start, containers, pace, environment, events } = this.#options
    const sandbox = containers.start(start)
    events.onStarted(environment)
    if (isPaced) {
      const end = pace.start()
      sandbox.ready.then(end, end)
    }
    sandbox.ready.then(
      () => this.#onReady(sandbox),
      (error: Error) => this.#onFailed(sandbox, error),
    )
    return sandbox
  }

  async #onReady(sandbox: Sandbox): Promise<void> {
    this.#circuit.onReady()
    this.#trim(sandbox)
    this.#refill()
    await sandbox.closed
    if (!this.#drop(sandbox)) return
    this.#circuit.onLost()
    this.#options.events.onFailed(this.#options.environment)
    this.#retry('a waiting container ended')
  }

  #onFailed(sandbox: Sandbox, error: Error): void {
    if (sandbox.isDisposed) return // nobody waited for it any more
    this.#circuit.onFailed()
    this.#options.events.onFailed(this.#options.environment)
    if (this.#drop(sandbox)) this.#retry(`a container did not start: ${error.message}`)
  }

  /** A refill that is due sooner stays due. */
  #refillSoon(delayMs: number): void {
    const dueAtMs = performance.now() + delayMs
    if (dueAtMs >= this.#refillDueAtMs) return
    clearTimeout(this.#refillTimer)
    this.#refillDueAtMs = dueAtMs
    this.#refillTimer = setTimeout(() => {
      this.#refillDueAtMs = Number.POSITIVE_INFINITY
      this.#refill()
    }, delayMs)
  }

  #refill(): void {
    const { size, isCrowded, pace } = this.#options
    if (this.#closed) return
    const { restMs } = this.#circuit
    if (restMs > 0) {
      this.#refillSoon(restMs)
      return
    }
    // In a crowd only what is kept for others is started; the crowd starts its own.
    const wanted = isCrowded() ? this.#reserve : size
    if (wanted < size) this.#refillSoon(REFILL_AFTER_CROWD_MS)
    while (this.#waiting.size < wanted) {
      const isPaced = pace.isForPool && this.#waiting.size >= this.#reserve
      if (!this.#mayStart(isPaced)) break
      this.#keep(this.#start(isPaced))
    }
    this.#requests.wake() // one that is starting is as good to them as room for one
  }

  /** Lets a sandbox wait until it is too old. */
  #keep(sandbox: Sandbox): void {
    const ageMs = performance.now() - sandbox.startedAtMs
    const expire = () => {
      if (this.#drop(sandbox)) this.#refill()
    }
    this.#waiting.set(sandbox, setTimeout(expire, this.#options.maxAgeMs - ageMs))
    if (sandbox.isReady) this.#trim(sandbox)
  }

  /** Throws a ready one away where too many wait, unless a request that comes at this moment takes it. */
  #trim(sandbox: Sandbox): void {
    setImmediate(() => {
      if (this.#waiting.size > this.#options.size) this.#drop(sandbox)
    })
  }

  /** It does not wait any more; false where it did not. */
  #forget(sandbox: Sandbox): boolean {
    clearTimeout(this.#waiting.get(sandbox))
    return this.#waiting.delete(sandbox)
  }

  /** Throws a sandbox away that still waits; false where it no longer does. */
  #drop(sandbox: Sandbox): boolean {
    const waited = this.#forget(sandbox)
    if (waited) void sandbox.dispose()
    return waited
  }

  #retry(why: string): void {
    const retryMs = Math.ceil(this.#circuit.restMs)
    this.#options.logger.error({ retryMs }, why)
    this.#refillSoon(retryMs)
  }
}
