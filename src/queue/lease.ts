// The runs that a worker holds, and their leases.

import type { RunQueue, TakenRun } from './run-queue.ts'

/** How long a run stays a worker's without a renewal, in milliseconds. */
export const LEASE_MS = 10_000
/** How often a worker renews its leases, in milliseconds. */
const RENEW_MS = 2000
/**
 * How long before the end of its lease a run is given up that could not be renewed, in milliseconds: its container must
 * be dead before another worker may start it.
 */
const MARGIN_MS = 3000
/** How often a worker checks whether to give a run up, in milliseconds. */
const LOOK_MS = 250

export interface Hold {
  run: TakenRun
  /** When the worker asked for it, by the clock of this process. */
  takenAtMs: number
  /** Called after each renewal. */
  onRenewed?: () => void
}

interface Held extends Hold {
  /** By the clock of this process, which no other one has to agree with. */
  untilMs: number
  lost: AbortController
}

/** Renews the leases of all runs of a worker, and reports those that are lost. */
export class Leases {
  readonly #queue: RunQueue
  /** One by one: a run may come again to the worker that lost it before it has ended there. */
  readonly #held = new Set<Held>()
  readonly #timers: NodeJS.Timeout[]

  constructor(queue: RunQueue) {
    this.#queue = queue
    // Apart: if Redis does not answer, runs are given up all the same.
    this.#timers = [
      setInterval(() => this.#renew(), RENEW_MS),
      setInterval(() => this.#giveUp(), LOOK_MS),
    ]
  }

  /** Calls `task` with a signal that aborts when the run is not the worker's any more. */
  async hold<T>(hold: Hold, task: (lost: AbortSignal) => Promise<T>): Promise<T> {
    const lost = new AbortController()
    const held: Held = { ...hold, untilMs: hold.takenAtMs + LEASE_MS, lost }
    this.#held.add(held)
    try {
      return await task(lost.signal)
    } finally {
      this.#held.delete(held)
    }
  }

  /** Gives a run up that was ended from outside. */
  lose(id: string): void {
    for (const { run, lost } of this.#held) if (run.id === id) lost.abort()
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  async #renew(): Promise<void> {
    const all = [...this.#held]
    if (all.length === 0) return
    const askedAtMs = performance.now()
    const runs = all.map(({ run }) => run)
    // If Redis is away, the next time is soon.
    const lost = await this.#queue.renew(runs, LEASE_MS).catch(() => undefined)
    if (!lost) return
    for (const held of all) {
      if (lost.includes(held.run)) held.lost.abort()
      else {
        held.untilMs = askedAtMs + LEASE_MS
        held.onRenewed?.()
      }
    }
  }

  #giveUp(): void {
    const nowMs = performance.now()
    for (const { untilMs, lost } of this.#held) {
      if (nowMs > untilMs - MARGIN_MS) lost.abort()
    }
  }
}
