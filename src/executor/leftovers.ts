// Finds containers that belong to nothing, and removes them while the server lives and when it ends.

import type { Logger } from 'pino'
import type { Engine, ListedContainer } from '../engines/engine.ts'
import { isDead } from '../engines/owner.ts'
import { pause } from '../waits/pause.ts'

/** How often they are looked for, in milliseconds. */
const LOOK_MS = 30_000
/** How long a container of this server may be listed that it does not know (any more), in milliseconds. */
const OWN_MS = 20_000
/** Pause between two last looks, in milliseconds, and how many there are at most. */
const LAST_LOOK_MS = 300
const MAX_LAST_LOOKS = 10

export interface LeftoversOptions {
  engine: Pick<Engine, 'list' | 'remove'>
  /** Label of this server's containers. */
  owner: string
  /** Whether this server has a container of this name that is not gone. */
  isKnown: (name: string) => boolean
  /** How long another server's container may be listed without running, in milliseconds: longer than any start. */
  strangersMs: number
  logger: Logger
  /** By default half a minute. */
  lookMs?: number
  /** By default twenty seconds. */
  ownMs?: number
}

/**
 * A container that never ran has nothing that ends it: neither `--rm` nor the `timeout` inside. Ages are counted by this
 * process from when it saw a container first, so that no clock needs to be right. A container of a server whose end can be
 * seen goes at once; of others it can't be told, as from another host or another container, so theirs go when they have
 * not run for a while.
 */
export class Leftovers {
  readonly #options: LeftoversOptions
  /** Since when each container was seen that may be one. */
  #seenAtMs: ReadonlyMap<string, number> = new Map()
  readonly #timer: NodeJS.Timeout
  #isLooking = false

  constructor(options: LeftoversOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.look(), options.lookMs ?? LOOK_MS)
    this.#timer.unref()
  }

  /** Removes what is left over by now. */
  async look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      const suspects = (await this.#options.engine.list()).filter((one) => this.#isSuspect(one))
      const nowMs = performance.now()
      const seen = suspects.map(({ name }) => [name, this.#seenAtMs.get(name) ?? nowMs] as const)
      this.#seenAtMs = new Map(seen)
      await this.#remove(suspects.filter((one) => this.#isDue(one, nowMs)))
    } finally {
      this.#isLooking = false
    }
  }

  /** Removes every container of this server, until a look finds none. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    const { engine, owner } = this.#options
    for (let looks = 0; looks < MAX_LAST_LOOKS; looks += 1) {
      const own = (await engine.list()).filter((one) => one.owner === owner)
      if (own.length === 0) return
      await this.#remove(own)
      await pause(LAST_LOOK_MS)
    }
  }

  /** Whether nothing is known to need it. */
  #isSuspect({ name, state, owner }: ListedContainer): boolean {
    return owner === this.#options.owner
      ? !this.#options.isKnown(name)
      : state !== 'running' || isDead(owner)
  }

  #isDue({ name, owner }: ListedContainer, nowMs: number): boolean {
    const { owner: self, ownMs = OWN_MS, strangersMs } = this.#options
    if (owner !== self && isDead(owner)) return true
    return nowMs - (this.#seenAtMs.get(name) ?? nowMs) >= (owner === self ? ownMs : strangersMs)
  }

  async #remove(containers: readonly ListedContainer[]): Promise<void> {
    const { engine, logger } = this.#options
    const removals = containers.map(async ({ name, state, owner }) => {
      const removal = await engine.remove(name)
      if (removal === 'removed')
        logger.warn({ container: name, state, owner }, 'a leftover was removed')
    })
    await Promise.all(removals)
  }
}
