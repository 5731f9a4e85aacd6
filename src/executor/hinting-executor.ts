// Adds hints to outcomes; what they need to know of the environments is asked when the first of them needs it.

import type { Executor, RunOptions } from '../run/executor.ts'
import { type EnvironmentModules, hintFor, normalizedPackage, problemOf } from '../run/hint.ts'
import type { Outcome } from '../run/outcome.ts'
import type { RunRequest } from '../run/request.ts'
import { settlesWithin } from '../waits/settles-within.ts'
import { SharedAttempt } from '../waits/shared-attempt.ts'
import { askEnvironment } from './environments.ts'

/** How long the answer to a run waits for what its hint needs, in milliseconds. Each environment is asked once. */
const MAX_WAIT_MS = 3000

export interface HintingExecutorOptions {
  executor: Executor
  /** Names of all environments that `executor` has. */
  environments: readonly string[]
}

export class HintingExecutor implements Executor {
  readonly #executor: Executor
  readonly #attempts: readonly SharedAttempt<EnvironmentModules>[]
  #waitMs = MAX_WAIT_MS

  constructor({ executor, environments }: HintingExecutorOptions) {
    this.#executor = executor
    this.#attempts = environments.map(
      (name) =>
        new SharedAttempt(async () => {
          const { modules, packages } = await askEnvironment(executor, name)
          const names = Object.keys(packages).map(normalizedPackage)
          return { name, modules: new Set(modules), packages: new Set(names) }
        }),
    )
  }

  async run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    const outcome = await this.#executor.run(request, options)
    const problem = problemOf(outcome, request.files)
    if (!problem) return outcome
    const known = problem.kind === 'network' || options.signal.aborted ? [] : await this.#known()
    return { ...outcome, hint: hintFor(problem, request.environment, known) }
  }

  /** What is known of the environments after a bounded wait. */
  async #known(): Promise<EnvironmentModules[]> {
    const known: EnvironmentModules[] = []
    const asked = this.#attempts.map((attempt) =>
      attempt.get().then(
        (environment) => known.push(environment),
        () => {}, // the hint says less
      ),
    )
    const isOver = await settlesWithin(Promise.all(asked), this.#waitMs)
    // One that could not tell delays no further answer; what it tells later is known to those.
    this.#waitMs = isOver && known.length === this.#attempts.length ? MAX_WAIT_MS : 0
    return known
  }
}
