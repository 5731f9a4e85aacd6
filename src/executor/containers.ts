// All containers of this server that are not gone, counted together and bounded together.

import { settlesWithin } from '../waits/settles-within.ts'
import type { ContainerState } from './events.ts'
import type { Sandbox } from './sandbox.ts'

/** How long the end of the server waits for containers that are still starting, in milliseconds. */
const START_PATIENCE_MS = 2000
/** How long it waits for all of them to be gone, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5000

/**
 * Counts each container from its start until the engine has removed it, whoever holds it. A place that is given back while
 * its container still starts or still ends would be no bound on what the host has to do.
 */
export class Containers {
  readonly max: number
  readonly #maxStarting: number
  readonly #alive = new Set<Sandbox>()
  readonly #listeners = new Set<() => void>()

  /**
   * @param max How many there may be at once.
   * @param maxStarting How many of them may be starting: more than there are CPUs only makes all of them later.
   */
  constructor(max: number, maxStarting: number) {
    this.max = max
    this.#maxStarting = maxStarting
  }

  /** Whether one may be started now. */
  get hasRoom(): boolean {
    return this.#alive.size < this.max && this.counts.starting < this.#maxStarting
  }

  /** How many there are in each state. */
  get counts(): Record<ContainerState, number> {
    const counts = { starting: 0, waiting: 0, running: 0, ending: 0 }
    for (const { state } of this.#alive) counts[state] += 1
    return counts
  }

  has(name: string): boolean {
    for (const sandbox of this.#alive) if (sandbox.name === name) return true
    return false
  }

  /** Calls `listener` whenever there may be room again. */
  onRoom(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /**
   * Counts a container from now on.
   * @throws {Error} where there is no room: ask `hasRoom` first.
   */
  start(make: () => Sandbox): Sandbox {
    if (!this.hasRoom) throw new Error('there is no room for another container')
    const sandbox = make()
    this.#alive.add(sandbox)
    const tell = () => {
      for (const listener of this.#listeners) listener()
    }
    sandbox.ready.then(tell, tell)
    void sandbox.gone.then(() => {
      this.#alive.delete(sandbox)
      tell()
    })
    return sandbox
  }

  /** Ends all of them, and resolves when they are gone, or after some seconds. */
  async close(): Promise<void> {
    const all = [...this.#alive]
    for (const sandbox of all) void sandbox.dispose()
    const gone = Promise.all(all.map((sandbox) => sandbox.gone))
    if (await settlesWithin(gone, START_PATIENCE_MS)) return
    for (const sandbox of this.#alive) sandbox.giveUpStart()
    await settlesWithin(gone, CLOSE_TIMEOUT_MS)
  }
}
