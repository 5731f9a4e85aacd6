// Stops asking an engine that starts no container, and finds out by itself when it does again.

import { unavailable } from '../run/refusal.ts'

/** How many containers in a row may fail until requests are refused. */
const MAX_FAILURES = 3
/** Pauses after a failure, in milliseconds, doubling until a container is ready. */
const FIRST_PAUSE_MS = 500
const LAST_PAUSE_MS = 4000

/** Told of every start of a container: whether it came to be ready. */
export class Circuit {
  #failures = 0
  #pauseMs = FIRST_PAUSE_MS
  #restsUntilMs = Number.NEGATIVE_INFINITY

  /** Whether starts fail: one is tried now and then, and the others are refused at once. */
  get isOpen(): boolean {
    return this.#failures >= MAX_FAILURES
  }

  /** Until a container should be started that nobody asked for, in milliseconds; 0 where one may be started now. */
  get restMs(): number {
    return Math.max(0, this.#restsUntilMs - performance.now())
  }

  /**
   * Asked before a container is started for a request.
   * @throws {Refusal} `unavailable` while the circuit is open and it is not time for a trial.
   */
  pass(): void {
    if (!this.isOpen) return
    if (this.restMs > 0) {
      throw unavailable(new Error('containers did not start lately; the next trial is due soon'))
    }
    this.#rest() // one trial, not one for each who asks meanwhile
  }

  onReady(): void {
    this.#failures = 0
    this.#pauseMs = FIRST_PAUSE_MS
    this.#restsUntilMs = Number.NEGATIVE_INFINITY
  }

  onFailed(): void {
    this.#failures += 1
    this.#rest()
  }

  /** A container that was ready ended before it was used: the engine is gone, or somebody removed it. */
  onLost(): void {
    this.#rest()
  }

  /** Several that fail together are one reason to rest. */
  #rest(): void {
    if (this.restMs > 0) return
    this.#restsUntilMs = performance.now() + this.#pauseMs
    this.#pauseMs = Math.min(this.#pauseMs * 2, LAST_PAUSE_MS)
  }
}
