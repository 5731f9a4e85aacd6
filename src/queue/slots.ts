// The places of a host, among the queues that it takes jobs from.

/** Hands out a number of places; who waits gets one in turn. */
export class Slots {
  #free: number
  readonly #waiting: ((isMine: boolean) => void)[] = []
  #isClosed = false
  /** Runs while none is handed out. */
  #rest: NodeJS.Timeout | undefined

  constructor(count: number) {
    this.#free = count
  }

  /** Whether there was one, and it is the caller's now. */
  tryTake(): boolean {
    if (this.#free === 0 || this.#waiting.length > 0 || this.#rest || this.#isClosed) return false
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
    this.#free += 1
    this.#handOut()
  }

  /** Hands out none for so long. */
  restFor(ms: number): void {
    if (this.#isClosed) return
    clearTimeout(this.#rest)
    this.#rest = setTimeout(() => this.endRest(), ms)
  }

  /** Hands them out again before that. */
  endRest(): void {
    clearTimeout(this.#rest)
    this.#rest = undefined
    this.#handOut()
  }

  /** Hands out no more. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#rest)
    for (const resolve of this.#waiting.splice(0)) resolve(false)
  }

  #handOut(): void {
    while (this.#free > 0 && !this.#rest && !this.#isClosed) {
      const next = this.#waiting.shift()
      if (!next) return
      this.#free -= 1
      next(true)
    }
  }
}
