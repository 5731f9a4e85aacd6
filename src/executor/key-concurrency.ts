// Bounds how many programs one key runs at once, where it has such a limit.

import { KeyPlaces, type KeyPlacesOptions } from '../admission/key-places.ts'
import type { Executor, RunOptions } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import type { RunRequest } from '../run/request.ts'

/** An executor that refuses what is too much for a key before it takes anybody's place in the line. */
export class KeyConcurrency implements Executor {
  readonly #executor: Executor
  readonly #options: KeyPlacesOptions
  /** By the names of the keys that have runs. */
  readonly #places = new Map<string, KeyPlaces>()

  constructor(executor: Executor, options: KeyPlacesOptions) {
    this.#executor = executor
    this.#options = options
  }

  async run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    const key = options.origin?.key
    if (key?.maxConcurrent === undefined) return this.#executor.run(request, options)
    const places = this.#places.get(key.name) ?? new KeyPlaces(this.#options)
    this.#places.set(key.name, places)
    places.max = key.maxConcurrent
    const { kind, signal, onEvent } = options
    const onRoom = () => onEvent?.({ type: 'room' })
    const run = (waitUntilMs?: number) =>
      this.#executor.run(request, { ...options, ...(waitUntilMs && { waitUntilMs }) })
    try {
      return await (kind === 'async' ? places.useNow(run, onRoom) : places.use(run, signal))
    } finally {
      if (places.isIdle) this.#places.delete(key.name)
    }
  }
}
