// Keeps sandboxes ready. Hands out, never takes back.

import type { Logger } from 'pino'
import { unavailable } from '../errors.ts'
import { Circuit } from './circuit.ts'
import type { ExecutorEvents } from './events.ts'
import type { Sandbox } from './sandbox.ts'

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
/** Pauses after a start that failed, in milliseconds, doubling. */
const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 5000

export interface PoolOptions {
  /** How many sandboxes wait. */
  size: number
  /** How many may be starting at once for the pool. */
  maxStarting: number
  /** How old a waiting sandbox may get, in milliseconds. */
  maxAgeMs: number
  start: () => Sandbox
  /** Whether every place is taken: each run starts its own container then, and the pool would only be in the way. */
  isCrowded: () => boolean
  /** Of the environment that all of them are of. */
  environment: string
  events: ExecutorEvents
  logger: Logger
}

/** A bounded number of sandboxes that wait for a job, oldest first. */
export class Pool {
  readonly #options: PoolOptions
  readonly #waiting = new Set<Sandbox>()
  readonly #disposals = new Set<Promise<void>>()
  readonly #circuit = new Circuit()
  #refillTimer: NodeJS.Timeout | undefined
  #refillDueAtMs = Number.POSITIVE_INFINITY
  #retryMs = FIRST_RETRY_MS
  #closed = false

  constructor(options: PoolOptions) {
    this.#options = options
    this.#refill()
  }

  get state(): { ready: number; size: number; isOpen: boolean } {
    const ready = [...this.#waiting].filter((sandbox) => sandbox.isReady).length
    return { ready, size: this.#options.size, isOpen: this.#circuit.isOpen }
  }

  /**
   * A sandbox that nobody else has or will get: a ready one, else one that is starting, else a new one.
   * @throws {Refusal} `unavailable` where there is none and none could be started lately.
   */
  take(): Sandbox {
    if (this.#closed) throw unavailable(new Error('the server ends'))
    const sandboxes = [...this.#waiting]
    const sandbox = sandboxes.find((waiting) => waiting.isReady) ?? sandboxes[0]
    this.#refillSoon(REFILL_AFTER_TAKE_MS)
    if (!sandbox) {
      this.#circuit.pass()
      return this.#start()
    }
    this.#waiting.delete(sandbox)
    return sandbox
  }

  /**
   * Throws away, behind the answer, a sandbox that was taken; `close` waits for it. `isOver`: nothing of its program is
   * left; else it is ended at once.
   */
  discard(sandbox: Sandbox, isOver: boolean): void {
    this.#dispose(sandbox, isOver ? DISPOSE_AFTER_RUN_MS : 0)
    this.#refillSoon(REFILL_AFTER_RUN_MS)
  }

  /** Throws all sandboxes away and waits until they are gone. */
  async close(): Promise<void> {
    this.#closed = true
    this.#refillDueAtMs = Number.NEGATIVE_INFINITY // nothing is due any more
    clearTimeout(this.#refillTimer)
    for (const sandbox of this.#waiting) this.#dispose(sandbox)
    this.#waiting.clear()
    await Promise.all(this.#disposals)
  }

  #start(): Sandbox {
    const { start, environment, events } = this.#options
    const sandbox = start()
    events.onStarted(environment)
    sandbox.ready.then(
      () => this.#circuit.onReady(),
      () => {
        if (sandbox.isDisposed) return // nobody waited for it any more
        this.#circuit.onFailed()
        events.onFailed(environment)
      },
    )
    return sandbox
  }

  #dispose(sandbox: Sandbox, delayMs = 0): void {
    const disposal = sandbox.dispose(delayMs).finally(() => this.#disposals.delete(disposal))
    this.#disposals.add(disposal)
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
    const { size, maxStarting, isCrowded } = this.#options
    if (this.#closed || this.#waiting.size >= size) return
    if (isCrowded()) {
      this.#refillSoon(REFILL_AFTER_CROWD_MS)
      return
    }
    const starting = () => [...this.#waiting].filter((sandbox) => !sandbox.isReady).length
    while (this.#waiting.size < size && starting() < maxStarting) this.#add()
  }

  #add(): void {
    const sandbox = this.#start()
    this.#waiting.add(sandbox)
    const expiry = setTimeout(() => {
      if (this.#drop(sandbox)) this.#refill()
    }, this.#options.maxAgeMs)
    sandbox.ready.then(
      async () => {
        this.#retryMs = FIRST_RETRY_MS
        this.#refill()
        await sandbox.closed
        if (!this.#drop(sandbox)) return
        this.#options.events.onFailed(this.#options.environment)
        this.#retry('a waiting container ended')
      },
      (error: Error) => {
        if (this.#drop(sandbox)) this.#retry(`a container did not start: ${error.message}`)
      },
    )
    void sandbox.closed.then(() => clearTimeout(expiry))
  }

  /** Throws a sandbox away that still waits; false where it no longer does. */
  #drop(sandbox: Sandbox): boolean {
    const waited = this.#waiting.delete(sandbox)
    if (waited) this.#dispose(sandbox)
    return waited
  }

  /** The engine is gone, or someone removed the container: later, and ever later. */
  #retry(why: string): void {
    this.#options.logger.error({ retryMs: this.#retryMs }, why)
    this.#refillSoon(this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS)
  }
}
