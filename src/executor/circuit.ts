// Stops asking an engine that starts no container, and finds out by itself when it does again.

import { unavailable } from '../run/refusal.ts'

/** How many containers in a row may fail until nothing more is tried. */
const MAX_FAILURES = 3
/** Pauses between trials while the circuit is open, in milliseconds, doubling. */
const FIRST_PAUSE_MS = 500
const LAST_PAUSE_MS = 4000

/** Told of every start of a container: whether it came to be ready. */
export class Circuit {
  #failures = 0
  #pauseMs = FIRST_PAUSE_MS
  #nextTrialAtMs = 0

  /** Whether starts fail: one is tried now and then, and the others are refused at once. */
  get isOpen(): boolean {
    return this.#failures >= MAX_FAILURES
  }

  /**
   * Asked before a container is started for a request.
   * @throws {Refusal} `unavailable` while the circuit is open and it is not time for a trial.
   */
  pass(): void {
    if (!this.isOpen) return
    if (performance.now() < this.#nextTrialAtMs) {
      throw unavailable(new Error('containers did not start lately; the next trial is due soon'))
    }
    this.#pause() // one trial, not one for each who asks meanwhile
  }

  onReady(): void {
    this.#failures = 0
    this.#pauseMs = FIRST_PAUSE_MS
  }

  onFailed(): void {
    this.#failures += 1
    if (this.#failures === MAX_FAILURES) this.#pause()
  }

  #pause(): void {
    this.#nextTrialAtMs = performance.now() + this.#pauseMs
    this.#pauseMs = Math.min(this.#pauseMs * 2, LAST_PAUSE_MS)
  }
}
