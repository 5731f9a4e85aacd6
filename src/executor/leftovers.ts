// Finds containers that no server needs and removes them, at intervals and when the server ends.

import type { Logger } from 'pino'
import type { Engine, ListedContainer } from '../engines/engine.ts'
import { isDead } from '../engines/owner.ts'
import { pause } from '../waits/pause.ts'

/** How often the server looks for leftovers, in milliseconds. */
const LOOK_MS = 30_000
/** How long a container of this server may be listed while the server does not know it, in milliseconds. */
const OWN_MS = 20_000
/** Pause between two looks of a closing server, in milliseconds, and the largest number of looks. */
const LAST_LOOK_MS = 300
const MAX_LAST_LOOKS = 10

export interface LeftoversOptions {
  engine: Pick<Engine, 'list' | 'remove'>
  /** Owner label of this server's containers. */
  owner: string
  /** Whether this server has a container of this name that still exists. */
  isKnown: (name: string) => boolean
  /** How long another server's container may be listed without running, in milliseconds: longer than any start. */
  strangersMs: number
  logger: Logger
  /** Time between looks, in milliseconds; half a minute by default. */
  lookMs?: number
  /** How long an unknown container of this server may be listed, in milliseconds; 20 seconds by default. */
  ownMs?: number
}

/**
 * Nothing else ends a container that never ran: neither `--rm` nor the `timeout` inside. Ages count from when this
 * process first saw a container, so no clock needs to be right. A container is removed at once if its server is known
 * to have ended. That is unknown for servers on another host or in another container; their containers are removed
 * after not running for a while.
 */
export class Leftovers {
  readonly #options: LeftoversOptions
  /** When each suspected leftover was first seen, by `performance.now()`. */
  #seenAtMs: ReadonlyMap<string, number> = new Map()
  readonly #timer: NodeJS.Timeout
  #isLooking = false

  constructor(options: LeftoversOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.look(), options.lookMs ?? LOOK_MS)
    this.#timer.unref()
  }

  /** Removes the current leftovers. */
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

  /** Removes all containers of this server, until a look finds none. */
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

  /** Whether the container may be a leftover. */
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
