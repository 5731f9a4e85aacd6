// Which runs a worker holds, and for how long it may.

import type { RunQueue, TakenRun } from './run-queue.ts'

/** How long a run is a worker's without word of it, in milliseconds. */
export const LEASE_MS = 10_000
/** How often a worker says that it goes on, in milliseconds. */
const RENEW_MS = 2000
/**
 * How long before the end of a lease a run is given up whose worker could not say so, in milliseconds: its container must
 * be dead before anybody else may start it.
 */
const MARGIN_MS = 3000
/** How often a worker looks whether it has to, in milliseconds. */
const LOOK_MS = 250

export interface Hold {
  run: TakenRun
  /** When the worker asked for it, by the clock of this process. */
  takenAtMs: number
  /** Called whenever the run is still the worker's. */
  onRenewed?: () => void
}

interface Held extends Hold {
  /** By the clock of this process, which no other one has to agree with. */
  untilMs: number
  lose: () => void
}

/** Renews the leases of all runs of a worker, and tells of those that are lost. */
export class Leases {
  readonly #queue: RunQueue
  /** One by one: a run may come again to the worker that lost it, and does not end yet there. */
  readonly #held = new Set<Held>()
  readonly #timers: NodeJS.Timeout[]

  constructor(queue: RunQueue) {
    this.#queue = queue
    // Apart: where Redis does not answer, runs are given up all the same.
    this.#timers = [
      setInterval(() => this.#renew(), RENEW_MS),
      setInterval(() => this.#giveUp(), LOOK_MS),
    ]
  }

  /** How many are held. */
  get size(): number {
    return this.#held.size
  }

  /** Calls `task` with a signal that aborts when the run is not the worker's any more. */
  async hold<T>(hold: Hold, task: (lost: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    const held: Held = {
      ...hold,
      untilMs: hold.takenAtMs + LEASE_MS,
      lose: () => controller.abort(new Error('the run is not this worker’s any more')),
    }
    this.#held.add(held)
    try {
      return await task(controller.signal)
    } finally {
      this.#held.delete(held)
    }
  }

  /** Gives a run up: somebody else has ended it. */
  lose(id: string): void {
    for (const { run, lose } of this.#held) if (run.id === id) lose()
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  async #renew(): Promise<void> {
    const all = [...this.#held]
    if (all.length === 0) return
    const askedAtMs = performance.now()
    try {
      const runs = all.map(({ run }) => run)
      const lost = new Set(await this.#queue.renew(runs, LEASE_MS))
      for (const held of all) {
        if (lost.has(held.run)) held.lose()
        else {
          held.untilMs = askedAtMs + LEASE_MS
          held.onRenewed?.()
        }
      }
    } catch {
      // Redis is away; the next time is soon.
    }
  }

  #giveUp(): void {
    const nowMs = performance.now()
    for (const { untilMs, lose } of this.#held) {
      if (nowMs > untilMs - MARGIN_MS) lose()
    }
  }
}
