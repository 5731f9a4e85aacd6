// The runs that this server keeps: for their time after they ended, and as far as there is memory for them.

import type { KeptRun } from './kept-run.ts'

export interface RunShelfOptions {
  /** How much memory runs may take, by their own estimate. */
  maxBytes: number
  /** How long a run is kept when it has ended, in milliseconds. */
  ttlMs: number
  /** Told of each run that is forgotten. */
  onForget: (run: KeptRun) => void
}

export class RunShelf {
  readonly #options: RunShelfOptions
  readonly #runs = new Map<string, KeptRun>()
  /** The oldest end first, with what ends their time. */
  readonly #ended = new Map<KeptRun, NodeJS.Timeout>()
  #bytes = 0
  #unfinishedBytes = 0

  constructor(options: RunShelfOptions) {
    this.#options = options
  }

  /** About how much memory all of them take. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether there is room for so much more, if all that has ended makes way for it. */
  hasRoomFor(bytes: number): boolean {
    return this.#unfinishedBytes + bytes <= this.#options.maxBytes
  }

  get(id: string): KeptRun | undefined {
    return this.#runs.get(id)
  }

  add(run: KeptRun): void {
    this.#runs.set(run.asked.id, run)
    run.onGrow = (bytes) => this.#grow(run, bytes)
    this.#grow(run, run.bytes)
  }

  /** From now on it is there for its time, or until its memory is needed. */
  ended(run: KeptRun): void {
    this.#unfinishedBytes -= run.bytes
    const timer = setTimeout(() => this.#forget(run), this.#options.ttlMs).unref()
    this.#ended.set(run, timer)
    this.#makeRoom()
  }

  /** Forgets all of them. */
  close(): void {
    for (const run of this.#runs.values()) this.#forget(run)
  }

  #grow(run: KeptRun, bytes: number): void {
    this.#bytes += bytes
    if (!this.#ended.has(run)) this.#unfinishedBytes += bytes
    this.#makeRoom()
  }

  #makeRoom(): void {
    for (const run of this.#ended.keys()) {
      if (this.#bytes <= this.#options.maxBytes) return
      this.#forget(run)
    }
  }

  #forget(run: KeptRun): void {
    clearTimeout(this.#ended.get(run))
    if (!this.#ended.delete(run)) this.#unfinishedBytes -= run.bytes
    this.#bytes -= run.bytes
    this.#runs.delete(run.asked.id)
    run.onGrow = () => {}
    run.log.close()
    this.#options.onForget(run)
  }
}
