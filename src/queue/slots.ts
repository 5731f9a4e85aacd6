// The slots of a host, shared by the queues that it takes jobs from.

/** Hands out a number of slots, in the order in which they are asked for. */
export class Slots {
  #free: number
  readonly #waiting: ((isMine: boolean) => void)[] = []
  #isClosed = false
  /** Set while no slot is handed out. */
  #rest: NodeJS.Timeout | undefined

  constructor(count: number) {
    this.#free = count
  }

  /** Takes a slot if there is one. */
  tryTake(): boolean {
    if (!this.#hasOne || this.#waiting.length > 0) return false
    this.#free -= 1
    return true
  }

  /** Resolves with true when the caller has a slot, and with false when there will be none any more. */
  take(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#handOut()
    })
  }

  giveBack(): void {
    this.#free += 1
    this.#handOut()
  }

  /** Hands out no slot for `ms` milliseconds. */
  restFor(ms: number): void {
    if (this.#isClosed) return
    clearTimeout(this.#rest)
    this.#rest = setTimeout(() => this.endRest(), ms)
  }

  /** Hands out slots again before that. */
  endRest(): void {
    clearTimeout(this.#rest)
    this.#rest = undefined
    this.#handOut()
  }

  /** Hands out no more slots. */
  close(): void {
    this.#isClosed = true
    this.endRest()
  }

  get #hasOne(): boolean {
    return this.#free > 0 && !this.#rest && !this.#isClosed
  }

  #handOut(): void {
    while (this.#waiting.length > 0 && (this.#hasOne || this.#isClosed)) {
      if (!this.#isClosed) this.#free -= 1
      this.#waiting.shift()?.(!this.#isClosed)
    }
  }
}
