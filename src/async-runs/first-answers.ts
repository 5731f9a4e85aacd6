// The answers to posts with an idempotency key, so that a repeated post gets the same answer.

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
  /** By client and key. */
  readonly #answers = new Map<string, FirstAnswer>()
  /** The name of the answer that a run belongs to, by the id of the run. */
  readonly #names = new Map<string, string>()

  /**
   * The runs of the first time; undefined if this is the first time.
   * @throws {Refusal} `conflict` if the first post had another body.
   */
  find(client: string, { key, digest }: Idempotency): readonly SentRun[] | undefined {
    const answer = this.#answers.get(nameOf(client, key))
    if (answer && answer.digest !== digest) {
      throw new Refusal('conflict', 'Idempotency-Key: came with another body before')
    }
    return answer?.runs
  }

  add(client: string, { key, digest }: Idempotency, runs: readonly SentRun[]): void {
    const name = nameOf(client, key)
    this.#answers.set(name, { digest, runs, kept: new Set(runs.map(({ id }) => id)) })
    for (const { id } of runs) this.#names.set(id, name)
  }

  /** A run is forgotten. */
  forget(id: string): void {
    const name = this.#names.get(id) ?? ''
    this.#names.delete(id)
    const kept = this.#answers.get(name)?.kept
    kept?.delete(id)
    if (kept?.size === 0) this.#answers.delete(name)
  }
}

function nameOf(client: string, key: string): string {
  return JSON.stringify([client, key])
}
