// What comes one after the other, and how long one waits for it.

/** Reads from an iterator without waiting longer than one likes: what did not come in time is there the next time. */
export class InTime<T> {
  readonly #iterator: AsyncIterator<T>
  #coming: Promise<IteratorResult<T>> | undefined
  #isHere = false
  #wake: () => void = () => {}

  constructor(iterable: AsyncIterable<T>) {
    this.#iterator = iterable[Symbol.asyncIterator]()
  }

  /** The next one; `silence` where none comes in `ms` milliseconds; nothing at the end. */
  async next(ms: number): Promise<T | 'silence' | undefined> {
    this.#coming ??= this.#ask()
    if (!this.#isHere && !(await this.#comesWithin(ms))) return 'silence'
    const coming = this.#coming
    this.#coming = undefined
    this.#isHere = false
    const { done, value } = await coming
    return done ? undefined : value
  }

  /** Not `Promise.race`: what loses a race hangs on what it waited for until that comes, which may be in an hour. */
  #ask(): Promise<IteratorResult<T>> {
    const coming = this.#iterator.next()
    const arrive = () => {
      this.#isHere = true
      this.#wake()
    }
    coming.then(arrive, arrive)
    return coming
  }

  #comesWithin(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }
}
