// One attempt, shared by all callers at the same time.

/** How long a failure holds, in milliseconds: a flood of requests must not be a flood of attempts. */
const FAILURE_HOLDS_MS = 1000

export interface SharedAttemptOptions {
  /** Whether a success is for all who ask later, too; else the next one makes an attempt again. By default it is. */
  isRemembered?: boolean
}

/** An attempt that is made when it is first asked for, and again after it failed. */
export class SharedAttempt<T> {
  readonly #attempt: () => Promise<T>
  readonly #isRemembered: boolean
  #current: Promise<T> | undefined

  constructor(attempt: () => Promise<T>, { isRemembered = true }: SharedAttemptOptions = {}) {
    this.#attempt = attempt
    this.#isRemembered = isRemembered
  }

  /** The result of the attempt that is going on, or that is remembered, or that failed just now. */
  get(): Promise<T> {
    this.#current ??= this.#start()
    return this.#current
  }

  async #start(): Promise<T> {
    try {
      const result = await this.#attempt()
      if (!this.#isRemembered) this.#current = undefined
      return result
    } catch (error) {
      setTimeout(() => {
        this.#current = undefined
      }, FAILURE_HOLDS_MS).unref()
      throw error
    }
  }
}
