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
  #keys: readonly { key: ApiKey; digest: Buffer }[] = []

  constructor({ isRequired, fixed = [] }: KeyRingOptions) {
    this.isRequired = isRequired
    this.#fixed = fixed
    this.replace([])
  }

  get size(): number {
    return this.#keys.length
  }

  /** Puts keys beside those that stay, in place of others that were put there. */
  replace(keys: readonly ApiKey[]): void {
    this.#keys = [...this.#fixed, ...keys].map((key) => ({
      key,
      digest: Buffer.from(key.sha256, 'hex'),
    }))
  }

  /** Digests have one length, and every one is compared: time tells nothing of a key. */
  find(given: string): ApiKey | undefined {
    const digest = Buffer.from(keyDigest(given), 'hex')
    return this.#keys.filter((known) => timingSafeEqual(known.digest, digest))[0]?.key
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
