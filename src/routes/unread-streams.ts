// Bounds the streams that have nothing left to wait for and are not read: each may hold some megabytes.

import { READ_TIMEOUT_MS } from '../unread-answers.ts'

/** How one stream is bound. */
export interface BoundStream {
  /** Aborts when the stream is cut off, with the error that ends it. */
  cut: AbortSignal
  /** It was read to its end, or nobody reads it any more. */
  done: () => void
}

export class UnreadStreams {
  readonly #maxUnread: number
  /** Ends those that are not read. */
  readonly #unread = new Set<() => void>()

  /** `maxUnread` may be there at once; one more, and the first of them is cut off. */
  constructor(maxUnread: number) {
    this.#maxUnread = maxUnread
  }

  /** From `isComplete` on there is a time to read the rest in, and a number of those who may. */
  bound(isComplete: Promise<void>): BoundStream {
    const cutter = new AbortController()
    const cut = () => cutter.abort(new Error('the client reads too slowly'))
    let timer: NodeJS.Timeout | undefined
    let isRead = false
    const done = () => {
      isRead = true
      clearTimeout(timer)
      this.#unread.delete(cut)
    }
    void isComplete.then(() => {
      if (isRead) return
      timer = setTimeout(cut, READ_TIMEOUT_MS)
      timer.unref()
      this.#unread.add(cut)
      const [first] = this.#unread
      if (this.#unread.size > this.#maxUnread && first) first()
    })
    cutter.signal.addEventListener('abort', done)
    return { cut: cutter.signal, done }
  }
}
