// Bounds how many programs one key runs at once, where it has such a limit.

import { Refusal } from '../errors.ts'
import type { Executor, RunOptions } from '../executor/executor.ts'
import type { Outcome } from '../outcome.ts'
import type { RunRequest } from '../run.ts'

/** An executor that refuses what is too much for a key before it takes anybody's place in the line. */
export class KeyConcurrency implements Executor {
  readonly #executor: Executor
  readonly #running = new Map<string, number>()

  constructor(executor: Executor) {
    this.#executor = executor
  }

  async run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    const key = options.origin?.key
    if (key?.maxConcurrent === undefined) return this.#executor.run(request, options)
    const running = this.#running.get(key.name) ?? 0
    if (running >= key.maxConcurrent) {
      throw new Refusal(
        'rate_limited',
        `This key may run ${key.maxConcurrent} at once; try again when one has ended`,
        { headers: { 'Retry-After': '1' } },
      )
    }
    this.#running.set(key.name, running + 1)
    try {
      return await this.#executor.run(request, options)
    } finally {
      const left = (this.#running.get(key.name) ?? 1) - 1
      if (left > 0) this.#running.set(key.name, left)
      else this.#running.delete(key.name)
    }
  }
}
