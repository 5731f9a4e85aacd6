// How fast a line gets shorter, as far as was seen.

/** How many departures are remembered: enough to even out runs of very different lengths. */
const MAX_REMEMBERED = 64
/** What is said where nobody was seen to leave yet, in seconds. */
const UNKNOWN_SECONDS = 10
/** The longest wait that is asked of a client, in seconds: by then everything may be different. */
const MAX_SECONDS = 600

/** Remembers when places in a line became free. */
export class Departures {
  readonly #timesMs: number[] = []

  count(): void {
    this.#timesMs.push(performance.now())
    if (this.#timesMs.length > MAX_REMEMBERED) this.#timesMs.shift()
  }

  /** In how many seconds so many places will have become free, at the speed of late: a whole number, at least 1. */
  secondsUntil(places: number): number {
    const [firstMs] = this.#timesMs
    if (firstMs === undefined) return UNKNOWN_SECONDS
    // Up to now, and not to the last one: a line that stands still gets slower by that.
    const secondsEach = (performance.now() - firstMs) / 1000 / this.#timesMs.length
    return Math.min(MAX_SECONDS, Math.max(1, Math.ceil(places * secondsEach)))
  }
}
