// What was answered to posts with an idempotency key, so that the same post again gets the same answer.

import { Refusal } from '../run/refusal.ts'
import type { Idempotency, SentRun } from './async-runs.ts'

interface FirstAnswer {
  digest: string
  runs: readonly SentRun[]
  /** Those of them that are not forgotten. */
  kept: Set<string>
}

/** Remembers each answer until all of its runs are forgotten. */
export class FirstAnswers {
  /** By client, and that by key. */
  readonly #answers = new Map<string, Map<string, FirstAnswer>>()
  /** The answers in which runs are: what forgets one must find them. */
  readonly #places = new Map<string, { client: string; key: string }>()

  /**
   * The runs of the first time; undefined where this is the first time.
   * @throws {Refusal} `conflict` where something else was posted then.
   */
  find(client: string, { key, digest }: Idempotency): readonly SentRun[] | undefined {
    const answer = this.#answers.get(client)?.get(key)
    if (answer && answer.digest !== digest) throw conflict()
    return answer?.runs
  }

  add(client: string, { key, digest }: Idempotency, runs: readonly SentRun[]): void {
    const ofClient = this.#answers.get(client) ?? new Map<string, FirstAnswer>()
    this.#answers.set(client, ofClient)
    ofClient.set(key, { digest, runs, kept: new Set(runs.map(({ id }) => id)) })
    for (const { id } of runs) this.#places.set(id, { client, key })
  }

  /** A run is forgotten. */
  forget(id: string): void {
    const place = this.#places.get(id)
    if (!place) return
    this.#places.delete(id)
    const ofClient = this.#answers.get(place.client)
    const answer = ofClient?.get(place.key)
    answer?.kept.delete(id)
    if (answer?.kept.size === 0) ofClient?.delete(place.key)
    if (ofClient?.size === 0) this.#answers.delete(place.client)
  }
}

/** What is thrown where an idempotency key comes again with something else. */
export function conflict(): Refusal {
  return new Refusal('conflict', 'Idempotency-Key: came with another body before')
}
