// Slows the starts of containers for clients that hang up on their programs.

import { RecentUse } from '../admission/recent-use.ts'

/** After this time a hang-up counts for half, in milliseconds. */
const HALF_LIFE_MS = 5000
/** How often a client may hang up lately: someone who presses Stop and runs again is not slowed. */
const MAX_HANG_UPS = 3
/**
 * How long no other container is started at this pace after one was, as a multiple of what its start took: the starts of a
 * flood then take one CPU for a quarter of the time, and the programs of others have the rest.
 */
const PAUSE_TIMES_START = 3

/**
 * A start costs more CPU than most programs, and a client that hangs up makes one for nothing. While a client often does,
 * the starts for it, and those that fill the pool that it empties, are made one by one with pauses between them.
 */
export class StartPace {
  readonly #nowMs: () => number
  readonly #hangUps: RecentUse
  #startedAtMs: number | undefined
  #nextAtMs = Number.NEGATIVE_INFINITY

  /** The clock may have any origin, and never goes back. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
    this.#hangUps = new RecentUse(nowMs, HALF_LIFE_MS)
  }

  /** To be called when a client hung up on a run that had a container or waited for one. */
  addHangUp(client: string): void {
    this.#hangUps.add(client)
  }

  /** Whether containers for a client are to be started at this pace. */
  isFor(client: string): boolean {
    return this.#hangUps.of(client) > MAX_HANG_UPS
  }

  /** Whether those that fill the pool are to be. */
  get isForPool(): boolean {
    return this.#hangUps.most() > MAX_HANG_UPS
  }

  /** Until the next one may be started, in milliseconds; infinite while one is starting. */
  get delayMs(): number {
    if (this.#startedAtMs !== undefined) return Number.POSITIVE_INFINITY
    return Math.max(0, this.#nextAtMs - this.#nowMs())
  }

  /** To be called when one is started at this pace; what it returns when that has come to an end. */
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
