// Cuts off a client that does not read what was made for it in time, or for whom too much of that waits.

import type { SharedBound } from '../admission/shared-bound.ts'

/** How long a client may take to read what was made for it, in milliseconds. */
export const READ_TIMEOUT_MS = 30_000

export interface ReadWatchOptions {
  /** Counts what was made for clients and not read, in bytes. */
  unread: SharedBound
  client: string
  /** Called once where the client has to go. */
  cut: () => void
  /** READ_TIMEOUT_MS, but for tests. */
  timeoutMs?: number | undefined
}

/** Watches one client read one answer. */
export class ReadWatch {
  readonly #options: ReadWatchOptions
  #timer: NodeJS.Timeout | undefined
  #remove: () => void = () => {}
  #isDone = false

  constructor(options: ReadWatchOptions) {
    this.#options = options
  }

  /** From now on there is a time in which the client has to read. Called again, it begins anew. */
  start(): void {
    if (this.#isDone) return
    const { timeoutMs = READ_TIMEOUT_MS } = this.#options
    this.#timer ??= setTimeout(() => this.#cut(), timeoutMs).unref()
    this.#timer.refresh()
  }

  /** So many bytes wait to be read, until the client is done: all that it is counted with. */
  hold(bytes: number): void {
    const { unread, client } = this.#options
    if (!this.#isDone) this.#remove = unread.add(client, bytes, () => this.#cut())
  }

  /** All was read, or nobody reads any more. */
  done(): void {
    this.#isDone = true
    clearTimeout(this.#timer)
    this.#remove()
  }

  #cut(): void {
    this.done()
    this.#options.cut()
  }
}
