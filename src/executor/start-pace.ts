// Slows container starts for clients that often hang up on their runs.

import { RecentUse } from '../admission/recent-use.ts'

/** Half-life of a hang-up, in milliseconds. */
const HALF_LIFE_MS = 5000
/** How many recent hang-ups a client may have: one that stops a program and runs it again is not slowed. */
const MAX_HANG_UPS = 3
/**
 * The pause after a paced start, as a multiple of the time it took: the starts of a flood then take one CPU for a
 * quarter of the time, and other programs get the rest.
 */
const PAUSE_TIMES_START = 3

/**
 * A start costs more CPU than most programs, and a client that hangs up wastes one. While a client often does so,
 * starts for it, and starts that refill the pool it empties, are made one at a time with pauses in between.
 */
export class StartPace {
  readonly #nowMs: () => number
  readonly #hangUps: RecentUse
  #startedAtMs: number | undefined
  #nextAtMs = Number.NEGATIVE_INFINITY

  /** The clock may have any origin but must never go back. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
    this.#hangUps = new RecentUse(nowMs, HALF_LIFE_MS)
  }

  /** Call this when a client hung up on a run that had a container or waited for one. */
  addHangUp(client: string): void {
    this.#hangUps.add(client)
  }

  /** Whether starts for this client are paced. */
  isFor(client: string): boolean {
    return this.#hangUps.of(client) > MAX_HANG_UPS
  }

  /** Whether starts that refill the pool are paced. */
  get isForPool(): boolean {
    return this.#hangUps.most() > MAX_HANG_UPS
  }

  /** Time until the next paced start, in milliseconds; infinite while one is in progress. */
  get delayMs(): number {
    if (this.#startedAtMs !== undefined) return Number.POSITIVE_INFINITY
    return Math.max(0, this.#nextAtMs - this.#nowMs())
  }

  /** Call this when a paced start begins, and the function that it returns when that start has succeeded or failed. */
  start(): () => void {
    const startedAtMs = this.#nowMs()
    this.#startedAtMs = startedAtMs
    return () => {
      const nowMs = this.#nowMs()
      this.#startedAtMs = undefined
      this.#nextAtMs = nowMs + PAUSE_TIMES_START * (nowMs - startedAtMs)
    }
  }
}
