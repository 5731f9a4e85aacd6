// The runs that this server keeps: for their time after they ended, and as far as there is memory for them.

import { hasRoom } from '../admission/fair-share.ts'
import type { KeptRun } from './kept-run.ts'

export interface RunShelfOptions {
  /** How much memory runs may take, by their own estimate: half of it those that have not ended. */
  maxBytes: number
  /** How long a run is kept when it has ended, in milliseconds. */
  ttlMs: number
  /** Told of each run that is forgotten. */
  onForget: (run: KeptRun) => void
}

/** One client's. */
interface Shelf {
  unfinishedBytes: number
  endedBytes: number
  /** The oldest end first, with what ends their time. */
  readonly ended: Map<KeptRun, NodeJS.Timeout>
}

export class RunShelf {
  readonly #options: RunShelfOptions
  readonly #runs = new Map<string, KeptRun>()
  readonly #shelves = new Map<string, Shelf>()
  #bytes = 0
  #unfinishedBytes = 0

  constructor(options: RunShelfOptions) {
    this.#options = options
  }

  /** About how much memory all of them take. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether there is room for so much more of a client's: results don't make way for it. */
  hasRoomFor(client: string, bytes: number): boolean {
    const own = this.#shelves.get(client)?.unfinishedBytes ?? 0
    return hasRoom({ own, more: bytes, free: this.#options.maxBytes / 2 - this.#unfinishedBytes })
  }

  /** Whether so much would not fit if there were nothing else. */
  isTooMuch(bytes: number): boolean {
    return !hasRoom({ own: 0, more: bytes, free: this.#options.maxBytes / 2 })
  }

  get(id: string): KeptRun | undefined {
    return this.#runs.get(id)
  }

  add(run: KeptRun): void {
    this.#runs.set(run.asked.id, run)
    run.onGrow = (bytes) => {
      this.#count(run, bytes)
      this.#makeRoom()
    }
    run.onGrow(run.bytes)
  }

  /** From now on it is there for its time, or until its memory is needed. */
  ended(run: KeptRun): void {
    this.#count(run, -run.bytes)
    const timer = setTimeout(() => this.#forget(run), this.#options.ttlMs).unref()
    this.#shelfOf(run).ended.set(run, timer)
    this.#count(run, run.bytes)
    this.#makeRoom()
  }

  /** Forgets all of them. */
  close(): void {
    for (const run of this.#runs.values()) this.#forget(run)
  }

  #shelfOf({ client }: KeptRun): Shelf {
    const known = this.#shelves.get(client)
    if (known) return known
    const shelf: Shelf = { unfinishedBytes: 0, endedBytes: 0, ended: new Map() }
    this.#shelves.set(client, shelf)
    return shelf
  }

  /** As ended or unfinished, whichever it is now. */
  #count(run: KeptRun, bytes: number): void {
    const shelf = this.#shelfOf(run)
    this.#bytes += bytes
    if (shelf.ended.has(run)) shelf.endedBytes += bytes
    else {
      shelf.unfinishedBytes += bytes
      this.#unfinishedBytes += bytes
    }
  }

  /** Whoever keeps most loses the oldest: others need not care how many he has. */
  #makeRoom(): void {
    const { maxBytes } = this.#options
    while (this.#bytes - this.#unfinishedBytes > maxBytes / 2 || this.#bytes > maxBytes) {
      let most: Shelf | undefined
      for (const shelf of this.#shelves.values()) {
        if (shelf.endedBytes > (most?.endedBytes ?? 0)) most = shelf
      }
      const [oldest] = most?.ended.keys() ?? []
      if (!oldest) return
      this.#forget(oldest)
    }
  }

  #forget(run: KeptRun): void {
    const shelf = this.#shelfOf(run)
    this.#count(run, -run.bytes)
    clearTimeout(shelf.ended.get(run))
    shelf.ended.delete(run)
    if (shelf.unfinishedBytes + shelf.endedBytes === 0) this.#shelves.delete(run.client)
    this.#runs.delete(run.asked.id)
    run.onGrow = () => {}
    run.log.close()
    this.#options.onForget(run)
  }
}
