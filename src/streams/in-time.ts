// What comes one after the other, and how long one waits for it.

import { Bell } from '../waits/bell.ts'

/** Reads from an iterator without waiting longer than one likes: what did not come in time is there the next time. */
export class InTime<T> {
  readonly #iterator: AsyncIterator<T>
  readonly #bell = new Bell()
  #coming: Promise<IteratorResult<T>> | undefined

  constructor(iterable: AsyncIterable<T>) {
    this.#iterator = iterable[Symbol.asyncIterator]()
  }

  /** The next one; `silence` where none comes in `ms` milliseconds; nothing at the end. */
  async next(ms: number): Promise<T | 'silence' | undefined> {
    this.#coming ??= this.#ask()
    if (!(await this.#bell.heard(ms))) return 'silence'
    const coming = this.#coming
    this.#coming = undefined
    const { done, value } = await coming
    return done ? undefined : value
  }

  /** Not `Promise.race`: what loses a race hangs on what it waited for until that comes, which may be in an hour. */
  #ask(): Promise<IteratorResult<T>> {
    const coming = this.#iterator.next()
    const ring = () => this.#bell.ring()
    coming.then(ring, ring)
    return coming
  }
}
