// How many there are of each name, of those that have some.

/** Counts by name, and forgets names that have none. */
export class Tally {
  readonly #counts = new Map<string, number>()

  /** All of them together. */
  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  /** Counts one more of this name, or `more`, while `task` runs. */
  async during<T>(name: string, task: () => Promise<T>, more = 1): Promise<T> {
    this.#counts.set(name, this.of(name) + more)
    try {
      return await task()
    } finally {
      const left = this.of(name) - more
      if (left > 0) this.#counts.set(name, left)
      else this.#counts.delete(name)
    }
  }
}
