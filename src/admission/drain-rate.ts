// How fast a queue moves, measured by recent departures while there was no room.

/** After this time what was seen counts for a third, in milliseconds. */
const MEMORY_MS = 20_000
/** How many departures the guess is worth beside those that were seen: Jeffreys' prior for a rate. */
const GUESS_WEIGHT = 0.5
/** Bounds of `Retry-After`: estimates beyond a minute mean nothing. */
const MIN_RETRY_SECONDS = 1
const MAX_RETRY_SECONDS = 60

/** A value for `Retry-After`: whole seconds between 1 and 60. */
export function retryAfter(seconds: number): string {
  return String(Math.min(MAX_RETRY_SECONDS, Math.max(MIN_RETRY_SECONDS, Math.round(seconds))))
}

/**
 * Departures per second while every slot was taken, or a run waited. Departures while slots are free don't count, and
 * neither does that time: they measure how many runs come, not how many could be served.
 */
export class DrainRate {
  readonly #nowMs: () => number
  #isFull = false
  #seenAtMs: number
  /** Departures, and the time in which they were counted; both fade with age. */
  #left = 0
  #fullMs = 0

  /** The clock may have any origin, and never goes back. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
    this.#seenAtMs = nowMs()
  }

  /** To be called when all slots become taken, or the first run waits, and when that is over. */
  setFull(isFull: boolean): void {
    this.#fade()
    this.#isFull = isFull
  }

  /** To be called when a run leaves, before its slot counts as free. */
  left(): void {
    this.#fade()
    if (this.#isFull) this.#left += 1
  }

  /**   * Departures per second while every slot is taken: the guess until something was measured. If no run leaves, the rate
   * falls with time.
   */
  perSecond(guessPerSecond: number): number {
    this.#fade()
    return (this.#left + GUESS_WEIGHT) / (this.#fullMs / 1000 + GUESS_WEIGHT / guessPerSecond)
  }

  /** When this many runs will have left: a value for `Retry-After`. */
  retryAfter(waiting: number, guessPerSecond: number): string {
    return retryAfter(waiting / this.perSecond(guessPerSecond))
  }

  #fade(): void {
    const nowMs = this.#nowMs()
    const kept = Math.exp((this.#seenAtMs - nowMs) / MEMORY_MS)
    this.#seenAtMs = nowMs
    this.#left *= kept
    // The time since then has faded too, each part of it by its own age.
    this.#fullMs = this.#fullMs * kept + (this.#isFull ? MEMORY_MS * (1 - kept) : 0)
  }
}
