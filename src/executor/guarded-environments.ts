// A guard for each environment: one whose walls cannot be tried stops no program of another one.

import type { Logger } from 'pino'
import type { Executor, RunOptions } from '../run/executor.ts'
import type { Outcome } from '../run/outcome.ts'
import type { RunRequest } from '../run/request.ts'
import { Guard, type GuardOptions } from './guard.ts'
import type { Finding } from './walls.ts'

/** How the walls of one environment are tried. */
export interface TriedEnvironment
  extends Pick<GuardOptions, 'inspect' | 'inspectWaiting' | 'waitingCount'> {
  name: string
}

export interface GuardedEnvironmentsOptions
  extends Pick<
    GuardOptions,
    'executor' | 'isBusy' | 'logger' | 'onMissing' | 'onLost' | 'everyMs'
  > {
  environments: readonly TriedEnvironment[]
}

/** Runs programs in an environment whose walls hold. */
export class GuardedEnvironments implements Executor {
  readonly #executor: Executor
  readonly #logger: Logger
  readonly #guards: ReadonlyMap<string, Guard>

  constructor({ environments, ...options }: GuardedEnvironmentsOptions) {
    this.#executor = options.executor
    this.#logger = options.logger
    // The findings of several name theirs.
    const named = (name: string) => (findings: Finding[]) =>
      environments.length === 1
        ? findings
        : findings.map((finding) => ({ ...finding, wall: `${name}: ${finding.wall}` }))
    this.#guards = new Map(
      environments.map(({ name, inspect, inspectWaiting, waitingCount }) => [
        name,
        new Guard({
          ...options,
          waitingCount,
          logger: options.logger.child({ environment: name }),
          inspect: (signal) => inspect(signal).then(named(name)),
          inspectWaiting: (signal) => inspectWaiting(signal).then(named(name)),
        }),
      ]),
    )
  }

  run(request: RunRequest, options: RunOptions): Promise<Outcome> {
    // A wall that one environment has lost is the host's: its guard refuses the programs of all.
    const lost = [...this.#guards.values()].find(({ obstacle }) => obstacle !== undefined)
    const guard = lost ?? this.#guards.get(request.environment) ?? this.#executor // which refuses it
    return guard.run(request, options)
  }

  /**
   * Tries all walls, and resolves to the environments where they hold.
   * @throws {Refusal} `unavailable` if there is none.
   */
  async prove(): Promise<string[]> {
    const names = [...this.#guards.keys()]
    const ends = await Promise.allSettled([...this.#guards.values()].map((guard) => guard.prove()))
    const proven = names.filter((_, index) => ends[index]?.status === 'fulfilled')
    const failed = ends.filter((end) => end.status === 'rejected')
    if (proven.length === 0) throw failed[0]?.reason ?? new Error('no environment can be used')
    for (const [index, end] of ends.entries()) {
      if (end.status === 'fulfilled') continue
      this.#logger.error(
        { environment: names[index], err: (end.reason as Error).cause ?? end.reason },
        'no program can run in an environment',
      )
    }
    this.#logger.info({ environments: proven }, 'programs can run in these environments')
    return proven
  }

  /** Why programs cannot run anywhere, as far as that is known without a trial. */
  get obstacle(): string | undefined {
    const obstacles = [...this.#guards.values()].map((guard) => guard.obstacle)
    return obstacles.find((obstacle) => obstacle !== undefined)
  }

  /** Stops the trials. */
  close(): void {
    for (const guard of this.#guards.values()) guard.close()
  }
}
