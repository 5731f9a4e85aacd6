// No program is run before the walls were tried and found to hold.

import type { Logger } from 'pino'
import { Refusal, unavailable } from '../errors.ts'
import type { Outcome, RunRequest } from '../run.ts'
import type { Executor, RunOptions } from './executor.ts'
import type { Finding } from './walls.ts'

/** How long a failure to try the walls holds, in milliseconds: a flood of requests must not be a flood of trials. */
const FAILURE_HOLDS_MS = 1000
/** Longest trial, with its wait for an engine that is slow, in milliseconds. */
const TRIAL_TIMEOUT_MS = 60_000

/** Tries the walls. */
export type Inspect = (signal: AbortSignal) => Promise<Finding[]>

export interface GuardOptions {
  executor: Executor
  inspect: Inspect
  logger: Logger
  /** Called once when a wall was found missing. */
  onMissing: (missing: Finding[]) => void
}

/** An executor that refuses everything until the walls of another one have been found to hold. */
export class Guard implements Executor {
  readonly #options: GuardOptions
  #proof: Promise<void> | undefined

  constructor(options: GuardOptions) {
    this.#options = options
  }

  async run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    await this.prove()
    return this.#options.executor.run(request, options)
  }

  /**
   * Resolves when the walls hold. Tries them once for all who ask, and again after a trial that could not be made; a
   * wall that was found missing stays missing.
   * @throws {Refusal} `unavailable`.
   */
  prove(): Promise<void> {
    this.#proof ??= this.#try()
    return this.#proof
  }

  async #try(): Promise<void> {
    let findings: Finding[]
    try {
      findings = await this.#options.inspect(AbortSignal.timeout(TRIAL_TIMEOUT_MS))
    } catch (error) {
      setTimeout(() => {
        this.#proof = undefined
      }, FAILURE_HOLDS_MS).unref()
      if (error instanceof Refusal && error.code !== 'cancelled') throw error
      throw unavailable(error)
    }
    const missing = findings.filter(({ holds }) => !holds)
    if (missing.length === 0) {
      this.#options.logger.info({ walls: findings.length }, 'the walls were tried, and hold')
      return
    }
    for (const { wall, tried, seen, advice } of missing) {
      this.#options.logger.fatal({ wall, tried, seen, advice }, 'a wall is missing')
    }
    this.#options.onMissing(missing)
    throw unavailable(new Error(`walls are missing: ${missing.map(({ wall }) => wall).join(', ')}`))
  }
}
