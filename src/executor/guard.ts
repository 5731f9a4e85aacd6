// Runs no program until the walls have been found to hold, nor while one of them is missing.

import type { Logger } from 'pino'
import type { Executor, RunOptions } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import { asUnavailable, unavailable } from '../run/refusal.ts'
import type { RunRequest } from '../run/request.ts'
import { abortable } from '../waits/abortable.ts'
import { SharedAttempt } from '../waits/shared-attempt.ts'
import { RecurringTrial } from './recurring-trial.ts'
import type { Finding } from './walls.ts'

/** How long a trial may take, including its wait for a slow engine, in milliseconds. */
const TRIAL_TIMEOUT_MS = 60_000
/** How often the walls of waiting containers are tried, in milliseconds. */
const EVERY_MS = 60_000

/** Tries the walls. */
export type Inspect = (signal: AbortSignal) => Promise<Finding[]>

export interface GuardOptions {
  executor: Executor
  /** Tries all walls, before anything else runs. */
  inspect: Inspect
  /** Tries the walls of a container that has waited and is disposed of afterwards. */
  inspectWaiting: Inspect
  /** How many containers of one environment may wait. */
  waitingCount: number
  /** Whether all slots are taken: a trial that is due is then put off. */
  isBusy: () => boolean
  logger: Logger
  /** Called once if the first trial finds a wall missing. */
  onMissing: (missing: Finding[]) => void
  /** Called when a later trial finds a wall missing; nothing runs until a trial finds all of them again. */
  onLost?: (missing: Finding[]) => void
  /** Time between later trials, in milliseconds. */
  everyMs?: number
}

/**
 * An executor that refuses every request until the walls of another executor have been found to hold. Regular trials
 * then detect changes on the host that affect existing containers.
 */
export class Guard implements Executor {
  readonly #options: GuardOptions
  readonly #trial = new SharedAttempt(() => this.#findMissing())
  readonly #recurring: RecurringTrial
  /** The walls that the last trial after the first one found missing. */
  #lost: Finding[] = []

  constructor(options: GuardOptions) {
    this.#options = options
    const { everyMs = EVERY_MS, isBusy, logger } = options
    this.#recurring = new RecurringTrial({
      everyMs,
      isBusy,
      logger,
      attempt: (signal) => this.#tryAgain(signal),
    })
  }

  async run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    await abortable(this.prove(), options.signal)
    return this.#options.executor.run(request, options)
  }

  /**
   * Resolves when the walls hold. All callers share the first trial, which is repeated only if it could not be made. A
   * wall that it finds missing stays missing; one that is lost later is missing until a trial finds it again.
   * @throws {Refusal} `unavailable`.
   */
  async prove(): Promise<void> {
    const missing = [...(await this.#trial.get()), ...this.#lost]
    if (missing.length === 0) return
    throw unavailable(new Error(`walls are missing: ${missing.map(({ wall }) => wall).join(', ')}`))
  }

  /** Why programs cannot run, as far as that is known without a trial. */
  get obstacle(): string | undefined {
    return this.#lost.length === 0
      ? undefined
      : 'Programs are not run: this host no longer enforces every limit, and the log says which'
  }

  /** Stops the trials. */
  close(): void {
    this.#recurring.close()
  }

  async #findMissing(): Promise<Finding[]> {
    const { inspect, logger, onMissing } = this.#options
    const findings = await inspect(AbortSignal.timeout(TRIAL_TIMEOUT_MS)).catch((error) => {
      throw asUnavailable(error)
    })
    const missing = this.#missingOf(findings)
    if (missing.length > 0) {
      onMissing(missing)
      return missing
    }
    logger.info({ walls: findings.length }, 'the walls were tried, and hold')
    this.#recurring.start()
    return missing
  }

  /** After a loss, waiting containers may be older or newer than it: the wall must hold in all of them. */
  async #tryAgain(stop: AbortSignal): Promise<void> {
    const { inspectWaiting, waitingCount, logger, onLost } = this.#options
    const wasLost = this.#lost.length > 0
    const found = new Map<string, Finding>()
    for (let left = wasLost ? Math.max(waitingCount, 1) : 1; left > 0; left -= 1) {
      const signal = AbortSignal.any([stop, AbortSignal.timeout(TRIAL_TIMEOUT_MS)])
      for (const finding of await inspectWaiting(signal)) {
        if (found.get(finding.wall)?.holds !== false) found.set(finding.wall, finding)
      }
    }
    this.#lost = this.#missingOf([...found.values()])
    if (this.#lost.length > 0) onLost?.(this.#lost)
    else if (wasLost) logger.info('the walls hold again; programs are run')
  }

  #missingOf(findings: Finding[]): Finding[] {
    const missing = findings.filter(({ holds }) => !holds)
    for (const { wall, tried, seen, advice } of missing) {
      this.#options.logger.fatal({ wall, tried, seen, advice }, 'a wall is missing')
    }
    return missing
  }
}
