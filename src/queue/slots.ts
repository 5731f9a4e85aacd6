// The places of a host, among the queues that it takes jobs from.

/** Hands out a number of places; who waits gets one in turn. */
export class Slots {
  #free: number
  readonly #waiting: ((isMine: boolean) => void)[] = []
  #isClosed = false

  constructor(count: number) {
    this.#free = count
  }

  /** Whether there was one, and it is the caller's now. */
  tryTake(): boolean {
    if (this.#free === 0 || this.#waiting.length > 0 || this.#isClosed) return false
    this.#free -= 1
    return true
  }

  /** Resolves when there is one and it is the caller's; with false when none will be handed out any more. */
  take(): Promise<boolean> {
    if (this.tryTake()) return Promise.resolve(true)
    if (this.#isClosed) return Promise.resolve(false)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  giveBack(): void {
    const next = this.#waiting.shift()
    if (next) next(true)
    else this.#free += 1
  }

  /** Hands out no more. */
  close(): void {
    this.#isClosed = true
    for (const resolve of this.#waiting.splice(0)) resolve(false)
  }
}
