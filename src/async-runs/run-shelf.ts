// The runs that this server keeps: for their time after they ended, and as far as there is memory for them.

import { hasRoom } from '../admission/fair-share.ts'
import { SharedBound } from '../admission/shared-bound.ts'
import type { KeptRun } from './kept-run.ts'

export interface RunShelfOptions {
  /** How much memory runs may take, by their own estimate: half of it those that have not ended. */
  maxBytes: number
  /** How long a run is kept when it has ended, in milliseconds. */
  ttlMs: number
  /** Called for each run that is forgotten. */
  onForget: (run: KeptRun) => void
}

export class RunShelf {
  readonly #options: RunShelfOptions
  readonly #runs = new Map<string, KeptRun>()
  /** Bytes of those that have not ended, by client. */
  readonly #unfinished = new Map<string, number>()
  #unfinishedBytes = 0
  /** The memory of ended runs. */
  readonly #ended: SharedBound
  /** Functions that release their memory and timers. */
  readonly #letGo = new Map<KeptRun, () => void>()

  constructor(options: RunShelfOptions) {
    this.#options = options
    this.#ended = new SharedBound({ max: options.maxBytes / 2 })
  }

  /** About how much memory all of them take. */
  get bytes(): number {
    return this.#unfinishedBytes + this.#ended.amount
  }

  /** Whether there is room for so much more of a client's: results don't make way for it. */
  hasRoomFor(client: string, bytes: number): boolean {
    const own = this.#unfinished.get(client) ?? 0
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
    run.onGrow = (bytes) => this.#count(run, bytes)
    run.onGrow(run.bytes)
  }

  /** From now on it is there for its time, or until its memory is needed: the oldest of the client that has most goes first. */
  ended(run: KeptRun): void {
    this.#count(run, -run.bytes)
    const letGo = this.#ended.add(run.client, run.bytes, () => this.#forget(run))
    if (!this.#runs.has(run.asked.id)) return // there is no room even for it alone
    const timer = setTimeout(() => this.#forget(run), this.#options.ttlMs).unref()
    this.#letGo.set(run, () => {
      clearTimeout(timer)
      letGo()
    })
  }

  /** Forgets all of them. */
  close(): void {
    for (const run of this.#runs.values()) this.#forget(run)
  }

  /** Unfinished runs take memory from results if they grow beyond their half. */
  #count({ client }: KeptRun, bytes: number): void {
    const { maxBytes } = this.#options
    const own = (this.#unfinished.get(client) ?? 0) + bytes
    if (own > 0) this.#unfinished.set(client, own)
    else this.#unfinished.delete(client)
    this.#unfinishedBytes += bytes
    this.#ended.setMax(Math.max(0, Math.min(maxBytes / 2, maxBytes - this.#unfinishedBytes)))
  }

  #forget(run: KeptRun): void {
    if (run.isEnded) this.#letGo.get(run)?.()
    else this.#count(run, -run.bytes)
    this.#letGo.delete(run)
    this.#runs.delete(run.asked.id)
    run.onGrow = () => {}
    run.log.close()
    this.#options.onForget(run)
  }
}
