// Hands runs to an executor in fair order, as many as its gate has slots for; runs that it refuses are queued again.

import { BalancedLine } from '../admission/balanced-line.ts'
import { DrainRate } from '../admission/drain-rate.ts'
import { type Gate, NoRoom } from '../admission/gate.ts'
import type { ApiKey } from '../keys/api-key.ts'
import type { Executor } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import { Refusal } from '../run/refusal.ts'
import type { KeptRun } from './kept-run.ts'

/** How long nothing is handed to an executor that has no room, in milliseconds: others use it as well. */
const BUSY_PAUSE_MS = 200
/** How long a client's runs are paused if they can't be run at the moment, in milliseconds. */
const UNAVAILABLE_PAUSE_MS = 1000
/** How long that may last until a run fails for it, in milliseconds: an engine that is started again is back by then. */
const UNAVAILABLE_PATIENCE_MS = 30_000

export interface DispatcherOptions {
  executor: Executor
  /** The gate that the executor passes runs through. */
  gate: Gate
  /** How long the executor may be unavailable until a run fails for it, in milliseconds. */
  unavailablePatienceMs?: number | undefined
  onStart: (run: KeptRun) => void
  /** Resolves when that is written down. */
  onFinished: (run: KeptRun, result: Outcome) => Promise<void>
  onFailed: (run: KeptRun, error: unknown) => void
}

export class Dispatcher {
  /** Those that wait. */
  readonly line = new BalancedLine<KeptRun>()
  /** From now on, what the executor refuses has failed. */
  isDraining = false
  readonly #options: DispatcherOptions
  readonly #drainRate = new DrainRate()
  readonly #out = new Set<KeptRun>()
  /** Those of them that are on their way to the gate. */
  readonly #coming = new Set<KeptRun>()
  #isPaused = false

  constructor(options: DispatcherOptions) {
    this.#options = options
    options.gate.onRoom = () => this.#handOut()
  }

  /** Those that the executor has. */
  get out(): ReadonlySet<KeptRun> {
    return this.#out
  }

  /** How many of a client's may be run at once from now on, synchronous ones among them. */
  setMaxOut(client: string, maxOut: number): void {
    this.line.setMaxOut(client, maxOut)
    this.#options.gate.setMax(client, maxOut)
  }

  /** When this many more runs will have ended: a value for `Retry-After`. Until something was measured, a run takes a second. */
  retryAfter(runs: number): string {
    return this.#drainRate.retryAfter(runs, this.#options.gate.maxRunning)
  }

  add(runs: readonly KeptRun[]): void {
    for (const run of runs) this.line.add(run)
    this.#handOut()
  }

  /** A run has ended while it waited, or is stopped in the executor. */
  end(run: KeptRun, reason: string): void {
    if (this.line.remove(run)) this.#drainRate.setFull(this.line.size > 0)
    run.stop.abort(reason)
  }

  /** Hands out as many runs as there are slots for, besides those on their way to one. Returns whether any are on their way. */
  #handOut(): boolean {
    const { gate } = this.#options
    while (!this.#isPaused && this.#coming.size < gate.free) {
      const run = this.line.take((client) => gate.synchronousOf(client))
      if (!run) break
      this.#out.add(run)
      this.#coming.add(run)
      void this.#run(run)
    }
    this.#drainRate.setFull(this.line.size > 0)
    return this.#coming.size > 0
  }

  async #run(run: KeptRun): Promise<void> {
    const { executor, onStart, onFinished, onFailed } = this.#options
    const { id, request, origin } = run.asked
    const key = this.#keyOf(run)
    try {
      const result = await executor.run(request, {
        id,
        origin: { ...origin, key },
        kind: 'async',
        signal: run.stop.signal,
        isFollowed: true,
        onEvent: (event) => {
          if (event.type === 'admitted') this.#coming.delete(run)
          else if (event.type === 'started') onStart(run)
          else if (event.type === 'output') run.write(event.stream, event.bytes)
        },
      })
      await onFinished(run, result)
    } catch (error) {
      if (this.#waitsAgain(run, error)) this.line.putBack(run)
      else onFailed(run, error)
    } finally {
      this.#out.delete(run)
      this.#coming.delete(run)
      if (run.isEnded) {
        this.line.leave(run)
        this.#drainRate.left()
      }
      this.#handOut()
    }
  }

  /** Whether a refused run is queued again. A run that has started never is: no program is run twice. */
  #waitsAgain(run: KeptRun, error: unknown): boolean {
    if (run.isEnded || run.isStarted || this.isDraining || !(error instanceof Refusal)) return false
    if (error instanceof NoRoom) return true // the gate tells when there is room
    if (error.code === 'busy' || error.code === 'rate_limited') this.#pause()
    else if (error.code === 'unavailable' && this.#isPatient(run)) this.#rest(run.client)
    else return false
    return true
  }

  #isPatient(run: KeptRun): boolean {
    const { unavailablePatienceMs = UNAVAILABLE_PATIENCE_MS } = this.#options
    run.unavailableSinceMs ??= performance.now()
    return performance.now() - run.unavailableSinceMs < unavailablePatienceMs
  }

  #pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    const goOn = () => {
      this.#isPaused = false
      this.#handOut()
    }
    setTimeout(goOn, BUSY_PAUSE_MS).unref()
  }

  #rest(client: string): void {
    this.line.setResting(client, true)
    const wake = () => {
      this.line.setResting(client, false)
      this.#handOut()
    }
    setTimeout(wake, UNAVAILABLE_PAUSE_MS).unref()
  }

  /** The key that asked, with the bound that it has now. */
  #keyOf({ asked, client }: KeptRun): ApiKey | undefined {
    const { key } = asked.origin
    if (!key) return undefined
    const { maxConcurrent: _, ...rest } = key
    const maxOut = this.line.maxOutOf(client)
    return Number.isFinite(maxOut) ? { ...rest, maxConcurrent: maxOut } : rest
  }
}
