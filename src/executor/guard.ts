// No program is run before the walls were tried and found to hold, nor after one of them was found missing.

import type { Logger } from 'pino'
import type { Executor, RunOptions } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import { asUnavailable, unavailable } from '../run/refusal.ts'
import type { RunRequest } from '../run/request.ts'
import { abortable } from '../waits/abortable.ts'
import { SharedAttempt } from '../waits/shared-attempt.ts'
import { RecurringTrial } from './recurring-trial.ts'
import type { Finding } from './walls.ts'

/** Longest trial, with its wait for an engine that is slow, in milliseconds. */
const TRIAL_TIMEOUT_MS = 60_000
/** How often the walls of containers that wait are tried, in milliseconds. */
const EVERY_MS = 60_000

/** Tries the walls. */
export type Inspect = (signal: AbortSignal) => Promise<Finding[]>

export interface GuardOptions {
  executor: Executor
  /** Tries all walls, before anything else is run. */
  inspect: Inspect
  /** Tries those of a container that has waited, and is thrown away then. */
  inspectWaiting: Inspect
  /** How many containers may wait. */
  waitingCount: number
  /** Whether all places are taken: a trial in the meantime waits for a better time. */
  isBusy: () => boolean
  logger: Logger
  /** Called once when a wall was found missing before anything else was run. */
  onMissing: (missing: Finding[]) => void
  /** Called when a wall that held was found missing; nothing is run until a later trial finds all of them. */
  onLost?: (missing: Finding[]) => void
  /** Time between trials while it runs programs, in milliseconds. */
  everyMs?: number
}

/**
 * An executor that refuses everything until the walls of another one have been found to hold. What changed on the host since
 * then, for containers that live already, is found by trials at regular times.
 */
export class Guard implements Executor {
  readonly #options: GuardOptions
  readonly #trial = new SharedAttempt(() => this.#findMissing())
  readonly #recurring: RecurringTrial
  /** What the last trial found missing, of those after the first one. */
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
   * Resolves when the walls hold. Tries them once for all who ask, and again after a trial that could not be made; a
   * wall that was found missing then stays missing, and one that was lost later is missing until it is found again.
   * @throws {Refusal} `unavailable`.
   */
  async prove(): Promise<void> {
    const missing = [...(await this.#trial.get()), ...this.#lost]
    if (missing.length === 0) return
    throw unavailable(new Error(`walls are missing: ${missing.map(({ wall }) => wall).join(', ')}`))
  }

  /** What keeps programs from being run, as far as that is known without trying. */
  get obstacle(): string | undefined {
    return this.#lost.length === 0
      ? undefined
      : 'Programs are not run: this host no longer enforces every limit, and the log says which'
  }

  /** Ends the trials. */
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

  /** Where one was lost, containers that were started before and after that may wait: all of them must have it again. */
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
