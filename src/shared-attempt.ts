// One attempt for all who ask at the same time, remembered when it succeeds.

/** How long a failure holds, in milliseconds: a flood of requests must not be a flood of attempts. */
const FAILURE_HOLDS_MS = 1000

/** An attempt that is made when it is first asked for, and again after it failed. */
export class SharedAttempt<T> {
  readonly #attempt: () => Promise<T>
  #current: Promise<T> | undefined

  constructor(attempt: () => Promise<T>) {
    this.#attempt = attempt
  }

  /** The result of the attempt that is going on, or that succeeded, or that failed just now. */
  get(): Promise<T> {
    this.#current ??= this.#start()
    return this.#current
  }

  async #start(): Promise<T> {
    try {
      return await this.#attempt()
    } catch (error) {
      setTimeout(() => {
        this.#current = undefined
      }, FAILURE_HOLDS_MS).unref()
      throw error
    }
  }
}
