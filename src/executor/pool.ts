// Keeps sandboxes ready, each for one job.

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
 * How long after a sandbox is taken the next one is started, in milliseconds, unless the run ends first: a short run
 * need not share the CPU with the start of a container.
 */
const REFILL_AFTER_TAKE_MS = 200
/**
 * How long after a run its container is removed, in milliseconds: the engine uses a CPU for that, and the answer goes
 * out first, through a queue if there is one. Measured on two cores: immediate removal delays an answer by 1 ms, and by
 * 3 ms if it comes from a worker.
 */
const DISPOSE_AFTER_RUN_MS = 15
/** How long after a run the next container is started, in milliseconds: also after the answer. */
const REFILL_AFTER_RUN_MS = 30
/** How long after finding all slots taken the pool checks again, in milliseconds: another pool's runs may hold them. */
const REFILL_AFTER_CROWD_MS = 1000
/** A client may take the last ready container if another client has recently used at least this many times as much. */
const TIMES_AS_MUCH = 2
/** Share of a pool that clients that often hang up leave to others. */
const RESERVED_FROM_HANG_UPS = 1 / 2
export interface PoolOptions {
  /** The number of waiting sandboxes to keep. */
  size: number
  /** Largest age of a waiting sandbox, in milliseconds. */
  maxAgeMs: number
  /** How long a request may wait for room for its container, in milliseconds. */
  maxWaitMs: number
  start: () => Sandbox
  /** Bounds the containers of all pools together. */
  containers: Containers
  /** Slows starts for clients that hang up; shared by all pools. */
  pace: StartPace
  /** Whether all slots are taken: each run then starts its own container, and refilling the pool would only compete. */
  isCrowded: () => boolean
  /** The environment of all its sandboxes. */
  environment: string
  events: ExecutorEvents
  logger: Logger
}

export interface TakeOptions {
  /** The requesting client; undefined for the server's own programs. */
  client: string | undefined
  signal: AbortSignal
  /** Called when a container is started for this request. */
  onStarted?: (() => void) | undefined
}

/**
 * A bounded number of sandboxes that wait for a job, oldest first. One that was taken but got no job waits again. The
 * last one is reserved for clients with little recent use: a flooding client gets the others, then starts its own.
 */
export class Pool {
  readonly #options: PoolOptions
  /** The waiting sandboxes, each with the timer that expires it. */
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
   * Takes a sandbox for exclusive use: a ready one, else a starting one, else a new one. Waits while the number of
   * containers is at its limit.
   * @throws {Refusal} `unavailable` if there is none and recent starts failed, or if the server ends; `busy` if there
   *   was no room in time; `cancelled`.
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
   * Returns a sandbox to the pool. One that got no job waits for another request, unless too many wait; all others are
   * disposed of after the answer. `isOver`: nothing of its program is left; otherwise it is ended at once.
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

  /** Disposes of all waiting sandboxes; `Containers` knows when they are gone. */
  close(): void {
    this.#closed = true
    this.#refillDueAtMs = Number.NEGATIVE_INFINITY // no refill is scheduled any more
    clearTimeout(this.#refillTimer)
    this.#requests.wake()
    for (const sandbox of this.#waiting.keys()) this.#drop(sandbox)
  }

  /** The oldest ready sandbox, else the oldest starting one. Leaves `reserved` to others, as many as possible ready. */
  #choose(reserved: number): Sandbox | undefined {
    const all = [...this.#waiting.keys()].sort((a, b) => a.startedAtMs - b.startedAtMs)
    if (all.length <= reserved) return undefined
    const ready = all.filter(({ isReady }) => isReady)
    return ready.length > reserved ? ready[0] : all.find(({ isReady }) => !isReady)
  }

  /**
   * Returns a function for the number of waiting sandboxes that this client must leave to others. A pool of one
   * reserves none: its only sandbox is there to be used.
   */
  #reservedFrom(client: string | undefined): () => number {
    if (client === undefined || this.#options.size < 2) return () => 0
    const used = this.#use.of(client)
    return () => {
      if (used === 0 || TIMES_AS_MUCH * used <= this.#use.most(client)) return 0
      return this.#options.pace.isFor(client) ? this.#reserve : 1
    }
  }

  /** How many sandboxes are started before all else, for clients with little recent use. */
  get #reserve(): number {
    const { size, pace } = this.#options
    if (size < 2) return size
    return pace.isForPool ? Math.ceil(size * RESERVED_FROM_HANG_UPS) : 1
  }

  /** Starts reserved sandboxes first, then serves requests. */
  #onRoom(): void {
    if (this.#closed) return
    const { containers, size } = this.#options
    const isKept = size > 1 && this.#waiting.size < this.#reserve && this.#circuit.restMs === 0
    if (isKept && containers.hasRoom) this.#keep(this.#start(false))
    if (this.#requests.size > 0) this.#requests.wake()
    else this.#refillSoon(REFILL_AFTER_RUN_MS)
  }

  /** Whether a sandbox may be started now. If only the pace delays it, the pool checks again in time. */
  #mayStart(isPaced: boolean): boolean {
    const { containers, pace } = this.#options
    if (!containers.hasRoom) return false
    if (!isPaced) return true
    if (containers.counts.starting > 0) return false // `#onRoom` is called when it is ready
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
    if (sandbox.isDisposed) return // it was no longer needed
    this.#circuit.onFailed()
    this.#options.events.onFailed(this.#options.environment)
    if (this.#drop(sandbox)) this.#retry(`a container did not start: ${error.message}`)
  }

  /** Schedules a refill. One that is due sooner stays due. */
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
    // When all slots are taken, start only the reserve: each run starts its own container.
    const usual = isCrowded() ? this.#reserve : size
    // After failures in a row one trial is enough: other pools need the room.
    const wanted = this.#circuit.isOpen ? Math.min(1, usual) : usual
    if (usual < size) this.#refillSoon(REFILL_AFTER_CROWD_MS)
    while (this.#waiting.size < wanted) {
      const isPaced = pace.isForPool && this.#waiting.size >= this.#reserve
      if (!this.#mayStart(isPaced)) break
      this.#keep(this.#start(isPaced))
    }
    this.#requests.wake() // a starting sandbox serves them as well as room for one
  }

  /** Keeps a sandbox waiting until it is too old. */
  #keep(sandbox: Sandbox): void {
    const ageMs = performance.now() - sandbox.startedAtMs
    const expire = () => {
      if (this.#drop(sandbox)) this.#refill()
    }
    this.#waiting.set(sandbox, setTimeout(expire, this.#options.maxAgeMs - ageMs))
    if (sandbox.isReady) this.#trim(sandbox)
  }

  /** Disposes of a ready sandbox if too many wait, unless a request that arrives at this moment takes it. */
  #trim(sandbox: Sandbox): void {
    setImmediate(() => {
      if (this.#waiting.size > this.#options.size) this.#drop(sandbox)
    })
  }

  /** Removes a sandbox from the waiting ones; false if it was not waiting. */
  #forget(sandbox: Sandbox): boolean {
    clearTimeout(this.#waiting.get(sandbox))
    return this.#waiting.delete(sandbox)
  }

  /** Disposes of a sandbox that still waits; false if it does not. */
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
