// Bounds how many programs one key runs at once, where it has such a limit.

import { Refusal } from '../errors.ts'
import type { Executor, RunOptions } from '../executor/executor.ts'
import type { Outcome } from '../outcome.ts'
import type { RunRequest } from '../run.ts'
import { Tally } from '../tally.ts'

/** An executor that refuses what is too much for a key before it takes anybody's place in the line. */
export class KeyConcurrency implements Executor {
  readonly #executor: Executor
  readonly #running = new Tally()

  constructor(executor: Executor) {
    this.#executor = executor
  }

  async run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    const key = options.origin?.key
    if (key?.maxConcurrent === undefined) return this.#executor.run(request, options)
    if (this.#running.of(key.name) >= key.maxConcurrent) throw tooManyAtOnce(key.maxConcurrent)
    return this.#running.during(key.name, () => this.#executor.run(request, options))
  }
}

/** What is said where a key has as many programs as it may have at once. */
export function tooManyAtOnce(maxConcurrent: number): Refusal {
  return new Refusal(
    'rate_limited',
    `This key may run ${maxConcurrent} at once; try again when one has ended`,
    { headers: { 'Retry-After': '1' } },
  )
}
