// No program is run before the walls were tried and found to hold.

import type { Logger } from 'pino'
import { abortable } from '../abortable.ts'
import { asUnavailable, unavailable } from '../errors.ts'
import type { Outcome } from '../outcome.ts'
import type { RunRequest } from '../run.ts'
import { SharedAttempt } from '../shared-attempt.ts'
import type { Executor, RunOptions } from './executor.ts'
import type { Finding } from './walls.ts'

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
  readonly #trial = new SharedAttempt(() => this.#findMissing())

  constructor(options: GuardOptions) {
    this.#options = options
  }

  async run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    await abortable(this.prove(), options.signal)
    return this.#options.executor.run(request, options)
  }

  /**
   * Resolves when the walls hold. Tries them once for all who ask, and again after a trial that could not be made; a
   * wall that was found missing stays missing.
   * @throws {Refusal} `unavailable`.
   */
  async prove(): Promise<void> {
    const missing = await this.#trial.get()
    if (missing.length === 0) return
    throw unavailable(new Error(`walls are missing: ${missing.map(({ wall }) => wall).join(', ')}`))
  }

  async #findMissing(): Promise<Finding[]> {
    const { inspect, logger, onMissing } = this.#options
    const findings = await inspect(AbortSignal.timeout(TRIAL_TIMEOUT_MS)).catch((error) => {
      throw asUnavailable(error)
    })
    const missing = findings.filter(({ holds }) => !holds)
    if (missing.length === 0) {
      logger.info({ walls: findings.length }, 'the walls were tried, and hold')
      return missing
    }
    for (const { wall, tried, seen, advice } of missing) {
      logger.fatal({ wall, tried, seen, advice }, 'a wall is missing')
    }
    onMissing(missing)
    return missing
  }
}
