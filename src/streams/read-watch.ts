// Cuts off a client that does not read its answer in time, or has too much unread.

import type { SharedBound } from '../admission/shared-bound.ts'

/** Maximum time to read an answer, in milliseconds. */
export const READ_TIMEOUT_MS = 30_000

export interface ReadWatchOptions {
  /** Counts unread bytes of all clients. */
  unread: SharedBound
  client: string
  /** Called once to cut the client off. */
  cut: () => void
  /** READ_TIMEOUT_MS by default; other values are for tests. */
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

  /** Starts the time in which the client has to read, or starts it again. */
  start(): void {
    if (this.#isDone) return
    const { timeoutMs = READ_TIMEOUT_MS } = this.#options
    this.#timer ??= setTimeout(() => this.#cut(), timeoutMs).unref()
    this.#timer.refresh()
  }

  /** Counts `bytes` as unread until the client is done. */
  hold(bytes: number): void {
    const { unread, client } = this.#options
    if (!this.#isDone) this.#remove = unread.add(client, bytes, () => this.#cut())
  }

  /** Everything was read, or the client has left. */
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
