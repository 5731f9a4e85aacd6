// Runs programs in containers: gate -> sandbox -> observe -> classify -> dispose.

import { randomBytes, randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import type { Gate } from '../admission/gate.ts'
import { inTurn } from '../admission/turn.ts'
import type { Executor, RunOptions } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import { clientName } from '../run/record.ts'
import { cancelled, Refusal, unavailable } from '../run/refusal.ts'
import type { RunRequest } from '../run/request.ts'
import { abortable } from '../waits/abortable.ts'
import { classify } from './classify.ts'
import { type Observation, observe } from './observe.ts'
import type { Pool } from './pool.ts'
import { type CollectionLimits, TOKEN_BYTES } from './protocol.ts'
import type { Sandbox } from './sandbox.ts'
import type { StartPace } from './start-pace.ts'

/** How many containers may fail before accepting the program until the engine counts as unavailable. */
const MAX_ATTEMPTS = 3

/** The pool of an environment and its memory limit. */
export interface EnvironmentPool {
  pool: Pool
  memoryBytes: number
}

export interface DockerExecutorOptions {
  gate: Gate
  /** By the name that a request uses. */
  environments: ReadonlyMap<string, EnvironmentPool>
  /** Why programs cannot run in further environments, by name. */
  problems: ReadonlyMap<string, string>
  /** Slows container starts for clients that hang up. */
  pace: StartPace
  outputLimitBytes: number
  collectionLimits: CollectionLimits
  logger: Logger
}

export class DockerExecutor implements Executor {
  readonly #options: DockerExecutorOptions

  constructor(options: DockerExecutorOptions) {
    this.#options = options
  }

  run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    const { pace } = this.#options
    const task = () =>
      this.#runOnce(request, options).finally(() => {
        if (options.signal.aborted && options.origin) pace.addHangUp(clientName(options.origin))
      })
    return inTurn(this.#options.gate, options, task)
  }

  async #runOnce(request: RunRequest, options: RunOptions): Promise<Outcome> {
    const name = request.environment
    const environment = this.#options.environments.get(name)
    if (!environment) {
      const problem = this.#options.problems.get(name) ?? `there is no environment ${name}`
      throw new Refusal('unavailable', `No program can run in the environment ${name}`, {
        cause: new Error(problem),
      })
    }
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      if (options.signal.aborted) throw cancelled(options.signal)
      const outcome = await this.#useSandbox(environment.pool, options, (sandbox) =>
        this.#runIn(sandbox, environment, request, options),
      )
      if (outcome) return outcome
      // The container died while waiting. The program has not run, so it can run in another container.
      this.#options.logger.warn('a container ended before it took the program')
    }
    throw unavailable(new Error(`${MAX_ATTEMPTS} containers ended before they took the program`))
  }

  /** Null if the sandbox was started before this request and failed before it was ready. */
  async #useSandbox<T>(
    pool: Pool,
    { signal, origin, onEvent }: RunOptions,
    task: (sandbox: Sandbox) => Promise<T>,
  ): Promise<T | null> {
    const askedAtMs = performance.now()
    const client = origin && clientName(origin)
    const onStarted = () => onEvent?.({ type: 'charged' })
    const sandbox = await pool.take({ client, signal, onStarted })
    let isOver = false
    try {
      try {
        await abortable(sandbox.ready, signal)
      } catch (error) {
        if (error instanceof Refusal) throw error
        // An older sandbox may have failed for a past cause. One started for this run shows the engine's current state.
        if (sandbox.startedAtMs < askedAtMs) return null
        throw unavailable(error)
      }
      const result = await task(sandbox)
      isOver = true
      return result
    } finally {
      pool.release(sandbox, isOver)
    }
  }

  /** Null if the program never started. */
  async #runIn(
    sandbox: Sandbox,
    { memoryBytes }: EnvironmentPool,
    request: RunRequest,
    options: RunOptions,
  ): Promise<Outcome | null> {
    const { outputLimitBytes, collectionLimits } = this.#options
    const token = randomBytes(TOKEN_BYTES)
    const job = { token, request, outputLimitBytes, collectionLimits }
    const seen = await observe(sandbox, job, options)
    if (seen.notStarted) {
      throw new Refusal('invalid_request', `files: can't be written: ${seen.notStarted}`)
    }
    if (!seen.started) return null
    return classify({
      ...seen,
      id: options.id ?? randomUUID(),
      oomEvent: needsWitness(seen) && (await sandbox.sawOom()),
      timeoutSeconds: request.timeoutSeconds,
      limits: { memoryBytes, outputBytes: outputLimitBytes },
    })
  }
}

/** Whether a process was killed, but not by the host, and the runner could not tell if memory was the reason. */
function needsWitness({ exit, hostCause }: Observation): boolean {
  return hostCause === null && (exit === null || (exit.signal !== null && exit.oomKills === null))
}
