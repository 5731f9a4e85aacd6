// A circuit breaker: stops starting containers after repeated failures, and retries until one starts.

import { unavailable } from '../run/refusal.ts'

/** How many containers in a row may fail before requests are refused. */
const MAX_FAILURES = 3
/** Pauses after a failure, in milliseconds, doubling until a container is ready. */
const FIRST_PAUSE_MS = 500
const LAST_PAUSE_MS = 4000

/** Counts container starts that failed in a row; the pool reports the result of each start. */
export class Circuit {
  #failures = 0
  #pauseMs = FIRST_PAUSE_MS
  #restsUntilMs = Number.NEGATIVE_INFINITY

  /** Whether starts fail repeatedly: then one is tried at intervals, and other requests are refused at once. */
  get isOpen(): boolean {
    return this.#failures >= MAX_FAILURES
  }

  /** Time until the pool may start a container without a request, in milliseconds; 0 if it may start one now. */
  get restMs(): number {
    return Math.max(0, this.#restsUntilMs - performance.now())
  }

  /**
   * Call this before starting a container for a request.
   * @throws {Refusal} `unavailable` while the circuit is open and no trial is due.
   */
  pass(): void {
    if (!this.isOpen) return
    if (this.restMs > 0) {
      throw unavailable(new Error('containers did not start lately; the next trial is due soon'))
    }
    this.#rest() // one trial, not one per request
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

  /** Call this when a ready container ended before use: the engine is down, or the container was removed. */
  onLost(): void {
    this.#rest()
  }

  /** Starts that fail together cause only one pause. */
  #rest(): void {
    if (this.restMs > 0) return
    this.#restsUntilMs = performance.now() + this.#pauseMs
    this.#pauseMs = Math.min(this.#pauseMs * 2, LAST_PAUSE_MS)
  }
}
