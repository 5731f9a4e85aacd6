// Whether programs can be run: known from runs that succeeded lately, else by running one.

import type { Executor, RunOptions } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import { Refusal } from '../run/refusal.ts'
import { ownRequest, type RunRequest } from '../run/request.ts'
import { SharedAttempt } from '../waits/shared-attempt.ts'

/** How long one answer holds, in milliseconds: probes can't cause more runs than one in this time. */
const HOLDS_MS = 5000
/** How long a probe's own run may take with its wait for a turn, in milliseconds. */
const PROBE_TIMEOUT_MS = 10_000
/** Longest time of the probe's program itself, in seconds. */
const PROBE_RUN_SECONDS = 5

/** How often a probe looks whether something is in its way by now, in milliseconds. */
const LOOK_MS = 500

/** Watches an executor's runs, and is an executor itself. */
export class Readiness implements Executor {
  readonly #executor: Executor
  readonly #probeRequest: RunRequest
  readonly #obstacle: () => string | undefined
  #provenAtMs = Number.NEGATIVE_INFINITY
  /** One probe for all who ask; its success is remembered by its time. */
  readonly #probe = new SharedAttempt(() => this.#run(), { isRemembered: false })

  /**
   * `environment` is the one that is probed. `obstacle` says what is known to be in the way without trying; by default
   * nothing is.
   */
  constructor(
    executor: Executor,
    environment: string,
    obstacle = (): string | undefined => undefined,
  ) {
    this.#executor = executor
    this.#obstacle = obstacle
    this.#probeRequest = ownRequest({
      code: 'print(2 + 2)',
      environment,
      timeoutSeconds: PROBE_RUN_SECONDS,
    })
  }

  async run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    try {
      const outcome = await this.#executor.run(request, options)
      // Whatever it did, it ran, and its end was seen. One that was killed may have met a host that is ill.
      if (outcome.status !== 'killed') this.#provenAtMs = performance.now()
      return outcome
    } catch (error) {
      // What was proven is no longer so.
      if (error instanceof Refusal && error.code === 'unavailable') {
        this.#provenAtMs = Number.NEGATIVE_INFINITY
      }
      throw error
    }
  }

  /**
   * Resolves when programs can be run.
   * @throws {Refusal} `unavailable`, `busy` when they can't.
   */
  async check(): Promise<void> {
    this.#checkObstacle()
    if (performance.now() - this.#provenAtMs < HOLDS_MS) return
    await this.#probe.get()
  }

  #checkObstacle(): void {
    const obstacle = this.#obstacle()
    if (obstacle) throw new Refusal('unavailable', obstacle, { headers: { 'Retry-After': '5' } })
  }

  async #run(): Promise<void> {
    const stop = new AbortController()
    const timer = setInterval(() => this.#obstacle() && stop.abort(), LOOK_MS)
    try {
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)])
      const { output, status } = await this.#executor.run(this.#probeRequest, { signal })
      if (output !== '4') throw new Error(`the probe ended with ${status}`)
      this.#provenAtMs = performance.now()
    } catch (error) {
      this.#checkObstacle()
      if (error instanceof Refusal && error.code !== 'cancelled') throw error
      throw new Refusal('unavailable', 'A test program could not be run', { cause: error })
    } finally {
      clearInterval(timer)
    }
  }
}
