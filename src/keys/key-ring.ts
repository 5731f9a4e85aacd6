// The keys of a server.

import { timingSafeEqual } from 'node:crypto'
import { type ApiKey, keyDigest } from './api-key.ts'

export interface KeyRingOptions {
  /** Whether a request must have a key. It may while there are none yet: nobody passes then. */
  isRequired: boolean
  /** Keys that stay. */
  fixed?: readonly ApiKey[]
}

/** Finds the key that a client sent. */
export class KeyRing {
  readonly isRequired: boolean
  readonly #fixed: readonly ApiKey[]
  /** Told of keys that were put there with another `maxConcurrent` than those of their names had before. */
  onNewLimits: (keys: readonly ApiKey[]) => void = () => {}
  /** By their digests. */
  #keys: ReadonlyMap<string, ApiKey> = new Map()

  constructor({ isRequired, fixed = [] }: KeyRingOptions) {
    this.isRequired = isRequired
    this.#fixed = fixed
    this.replace([])
  }

  /**
   * Puts keys beside those that stay, in place of others that were put there.
   * @throws {Error} where one of them has the name of one that stays: they would share limits and statistics.
   */
  replace(keys: readonly ApiKey[]): void {
    const taken = keys.find(({ name }) => this.#fixed.some((fixed) => fixed.name === name))
    if (taken) throw new Error(`a key of API_KEYS is called ${taken.name} already`)
    const before = new Map([...this.#keys.values()].map((key) => [key.name, key]))
    this.#keys = new Map([...keys, ...this.#fixed].map((key) => [key.sha256, key]))
    const changed = keys.filter(({ name, maxConcurrent }) => {
      const known = before.get(name)
      return known && known.maxConcurrent !== maxConcurrent
    })
    if (changed.length > 0) this.onNewLimits(changed)
  }

  /** All keys. */
  get all(): ApiKey[] {
    return [...this.#keys.values()]
  }

  /**
   * The key that is looked up is the SHA-256 of what was sent, which nobody can bring nearer to another one step by step:
   * the time that it takes tells nothing. What is found is compared in constant time all the same.
   */
  find(given: string): ApiKey | undefined {
    const digest = keyDigest(given)
    const key = this.#keys.get(digest)
    return key && timingSafeEqual(Buffer.from(key.sha256), Buffer.from(digest)) ? key : undefined
  }
}

/** Keys that were given in plain text, by their place: `key-1`. */
export function plainKeys(keys: readonly string[]): ApiKey[] {
  return keys.map((key, index) => ({
    name: `key-${index + 1}`,
    sha256: keyDigest(key),
    rights: ['run'],
  }))
}
