// Webhooks without a last word, of all servers: each client and each host has its turn, and what waits costs nothing.

import type { Redis } from 'ioredis'
import type { Script } from './lua.ts'
import type { HookState, HookTuple } from './webhook-scripts.ts'
import * as scripts from './webhook-scripts.ts'

/** Most webhooks without a last word: some 500 bytes each in Redis. */
const MAX_OPEN = 10_000
/**
 * How long a webhook may take to its last word, in milliseconds: five attempts of ten seconds, and four pauses that a
 * receiver may want to be five minutes each, are 21 minutes.
 */
const LAST_WORD_MS = 30 * 60_000

/** A webhook: which run it tells of, for which client, and at which host. */
export interface Hook {
  id: string
  owner: string
  host: string
}

/** What became of one that was taken on. */
export interface OpenedHook {
  /** `queue`: it needs a job. `wait`: it gets one when it is its turn. `full`: it is not taken on. */
  turn: 'queue' | 'wait' | 'full'
  /** Whether the result stays until the last word, however little memory there is. */
  isHeld: boolean
}

export interface WebhookLineOptions {
  redis: Redis
  /** What all names begin with. */
  keyPrefix: string
  /** How many bytes of results may be kept for webhooks, of all clients. */
  maxHeldBytes: number
  /** MAX_OPEN and LAST_WORD_MS, but for tests. */
  maxOpen?: number | undefined
  lastWordMs?: number | undefined
}

/** All methods reject where Redis is away. */
export class WebhookLine {
  readonly #options: WebhookLineOptions

  constructor(options: WebhookLineOptions) {
    this.#options = options
  }

  /** Takes one on whose result has so many bytes. The same one again changes nothing. */
  async open({ id, owner, host }: Hook, bytes: number): Promise<OpenedHook> {
    const { maxOpen = MAX_OPEN, lastWordMs = LAST_WORD_MS, maxHeldBytes } = this.#options
    const args = [id, owner, host, bytes, lastWordMs, maxOpen, maxHeldBytes]
    const [turn, isHeld] = await this.#run(scripts.open, ...args)
    return { turn, isHeld: isHeld === 1 }
  }

  /** Its attempt is over, and another one follows later: which others need jobs now. */
  async release(id: string): Promise<Hook[]> {
    return (await this.#run(scripts.release, id)).map(toHook)
  }

  /** Its job was handed out: whether it may be told now. Else it is told of again by `release` or `close`. */
  async resume(id: string): Promise<boolean> {
    return (await this.#run(scripts.resume, id)) === 1
  }

  /** It has had its last word: which others need jobs now. */
  async close(id: string): Promise<Hook[]> {
    return (await this.#run(scripts.close, id)).map(toHook)
  }

  /** Ends some that have taken too long, each for one caller; and which others need jobs now. */
  async overdue(): Promise<{ over: Hook[]; next: Hook[] }> {
    const [over, next] = await this.#run(scripts.overdue)
    return { over: over.map(toHook), next: next.map(toHook) }
  }

  /** Some that should have jobs, and for which nobody has made sure of that for so many milliseconds. */
  async unsure(ageMs: number): Promise<{ hook: Hook; state: HookState }[]> {
    const found = await this.#run(scripts.unsure, ageMs)
    return found.map(([id, owner, host, state]) => ({ hook: { id, owner, host }, state }))
  }

  /** How many have had no last word. */
  count(): Promise<number> {
    return this.#options.redis.zcard(`${this.#options.keyPrefix}hooks:open`)
  }

  #run<T>(script: Script<T>, ...args: (string | number)[]): Promise<T> {
    return script(this.#options.redis, this.#options.keyPrefix, ...args)
  }
}

function toHook([id, owner, host]: HookTuple): Hook {
  return { id, owner, host }
}
