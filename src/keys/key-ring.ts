// The keys of a server.

import { timingSafeEqual } from 'node:crypto'
import { type ApiKey, keyDigest } from './api-key.ts'

export interface KeyRingOptions {
  /** Whether a request must have a key. If there are no keys yet, every request is refused. */
  isRequired: boolean
  /** Keys that `replace` keeps. */
  fixed?: readonly ApiKey[]
}

/** Finds the key that a client sent. */
export class KeyRing {
  readonly isRequired: boolean
  readonly #fixed: readonly ApiKey[]
  /** Called with keys whose `maxConcurrent` differs from that of the earlier key of the same name. */
  onNewLimits: (keys: readonly ApiKey[]) => void = () => {}
  /** By their digests. */
  #keys: ReadonlyMap<string, ApiKey> = new Map()

  constructor({ isRequired, fixed = [] }: KeyRingOptions) {
    this.isRequired = isRequired
    this.#fixed = fixed
    this.replace([])
  }

  /**
   * Replaces all keys but the fixed ones.
   * @throws {Error} if one of them has the name of a fixed key: they would share limits and statistics.
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
   * The lookup uses the SHA-256 of the sent key, which a client can't approach step by step, so its timing reveals nothing.
   * The digests are compared in constant time anyway.
   */
  find(given: string): ApiKey | undefined {
    const digest = keyDigest(given)
    const key = this.#keys.get(digest)
    return key && timingSafeEqual(Buffer.from(key.sha256), Buffer.from(digest)) ? key : undefined
  }
}

/** Keys that were given in plain text, named by position: `key-1`. */
export function plainKeys(keys: readonly string[]): ApiKey[] {
  return keys.map((key, index) => ({
    name: `key-${index + 1}`,
    sha256: keyDigest(key),
    rights: ['run'],
  }))
}
