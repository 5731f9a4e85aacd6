// Determines whether programs can be run: from recent successful runs, else by running one.

import type { Executor, RunOptions } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import { Refusal } from '../run/refusal.ts'
import { ownRequest, type RunRequest } from '../run/request.ts'
import { SharedAttempt } from '../waits/shared-attempt.ts'

/** How long a result is reused, in milliseconds: probes cause at most one run in this time. */
const HOLDS_MS = 5000
/** How long a probe's run may take including its wait for a slot, in milliseconds. */
const PROBE_TIMEOUT_MS = 10_000
/** Time limit of the probe's program, in seconds. */
const PROBE_RUN_SECONDS = 5

/** How often a running probe checks for a known obstacle, in milliseconds. */
const LOOK_MS = 500

/** An executor that watches the runs of another one. */
export class Readiness implements Executor {
  readonly #executor: Executor
  readonly #probeRequest: RunRequest
  readonly #obstacle: () => string | undefined
  #provenAtMs = Number.NEGATIVE_INFINITY
  /** One probe for all callers; its success is recorded in `#provenAtMs`. */
  readonly #probe = new SharedAttempt(() => this.#run(), { isRemembered: false })

  /**
   * `environment` is the one that is probed. `obstacle` returns a known reason why programs cannot run; by default
   * there is none.
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
      // The program ran and its end was seen, so programs can run. A kill may be the fault of a failing host.
      if (outcome.status !== 'killed') this.#provenAtMs = performance.now()
      return outcome
    } catch (error) {
      // The earlier proof no longer holds.
      if (error instanceof Refusal && error.code === 'unavailable') {
        this.#provenAtMs = Number.NEGATIVE_INFINITY
      }
      throw error
    }
  }

  /**
   * Resolves if programs can be run.
   * @throws {Refusal} `unavailable` or `busy` if they can't.
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
