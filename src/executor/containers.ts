// Counts and bounds all containers of this server that still exist.

import { settlesWithin } from '../waits/settles-within.ts'
import type { ContainerState } from './events.ts'
import type { Sandbox } from './sandbox.ts'

/** How long a closing server waits for containers that are still starting, in milliseconds. */
const START_PATIENCE_MS = 2000
/** How long it then waits until all containers are gone, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5000

/**
 * Counts each container from its start until the engine has removed it. Freeing a slot while its container still starts
 * or ends would not bound the load on the host.
 */
export class Containers {
  readonly max: number
  readonly #maxStarting: number
  readonly #alive = new Set<Sandbox>()
  readonly #listeners = new Set<() => void>()

  /**
   * @param max Largest number of containers at once.
   * @param maxStarting Largest number of starting containers: more than there are CPUs would only delay them all.
   */
  constructor(max: number, maxStarting: number) {
    this.max = max
    this.#maxStarting = maxStarting
  }

  /** Whether a container may be started now. */
  get hasRoom(): boolean {
    return this.#alive.size < this.max && this.counts.starting < this.#maxStarting
  }

  /** The number of containers in each state. */
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
   * Makes a container and counts it until it is gone.
   * @throws {Error} if there is no room: check `hasRoom` first.
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

  /** Ends all containers; resolves when they are gone, or after some seconds. */
  async close(): Promise<void> {
    const all = [...this.#alive]
    for (const sandbox of all) void sandbox.dispose()
    const gone = Promise.all(all.map((sandbox) => sandbox.gone))
    if (await settlesWithin(gone, START_PATIENCE_MS)) return
    for (const sandbox of this.#alive) sandbox.giveUpStart()
    await settlesWithin(gone, CLOSE_TIMEOUT_MS)
  }
}
