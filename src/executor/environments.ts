// Describes the environments: each runs a program once that reports its Python, its packages and its modules.

import type { Logger } from 'pino'
import { z } from 'zod'
import type { Config } from '../config/config.ts'
import type { Environment } from '../environments/environment.ts'
import type { Executor } from '../run/executor.ts'
import { asUnavailable, unavailable } from '../run/refusal.ts'
import { ownRequest } from '../run/request.ts'
import { settlesWithin } from '../waits/settles-within.ts'
import { SharedAttempt } from '../waits/shared-attempt.ts'
import { collectionLimits } from './protocol.ts'
import { containerSpec } from './spec.ts'

/** Time limit of that program, in seconds, and of the whole attempt including its wait for a slot, in milliseconds. */
const ASK_SECONDS = 10
const ASK_TIMEOUT_MS = 30_000

/** How long a list waits for one environment, in milliseconds; a later list has what it tells after that. */
const MAX_WAIT_MS = 10_000

const ASK = `
import json, os, pkgutil, platform, sys
from importlib.metadata import distributions
packages = {d.name: d.version for d in distributions() if d.name and d.version}
folders = [folder for folder in sys.path[1:] if os.path.isdir(folder) and os.access(folder, os.R_OK)]
modules = {module.name for module in pkgutil.iter_modules(folders)}.union(sys.builtin_module_names)
for folder in folders:  # packages without a file of their own
    modules.update(entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name.isidentifier())
print(json.dumps({
    "python": platform.python_version(),
    "packages": dict(sorted(packages.items())),
    "modules": sorted(modules),
}))
`

/** The answer of that program. */
const insideSchema = z.object({
  python: z.string(),
  packages: z.record(z.string(), z.string()),
  /** Top-level names for `import`, those of the standard library included. */
  modules: z.array(z.string()),
})
type InsideFacts = z.output<typeof insideSchema>

/** One environment, as `GET /environments` lists it. */
export const environmentSchema = z
  .strictObject({
    name: z.string().describe('Name that a request uses'),
    description: z.string().describe('One line for people who choose; may be empty'),
    default: z.boolean().describe('Used by requests that name no environment'),
    python: z.string().describe('Version of Python'),
    packages: z
      .record(z.string(), z.string())
      .describe('Versions of the packages beside the standard library, by name'),
    limits: z
      .strictObject({
        memoryBytes: z.int().min(0),
        cpus: z.number().min(0),
        processes: z.int().min(0).describe('Processes and threads together'),
        tmpBytes: z.int().min(0).describe('Size of /tmp, where the working directory is'),
        outputBytes: z.int().min(0).describe('Largest size of stdout and stderr together'),
        defaultTimeoutSeconds: z.number().min(0).describe('If the request names none'),
        maxTimeoutSeconds: z.number().min(0),
        outputFiles: z.int().min(0).describe('Largest number of returned files, and of displays'),
        outputFileBytes: z.int().min(0).describe('Largest size of one of them'),
        outputFilesBytes: z.int().min(0).describe('Largest total size of them'),
      })
      .describe('Limits of one run'),
  })
  .meta({
    id: 'Environment',
    description: 'An environment for programs',
    examples: [
      {
        name: 'python',
        description: 'Python 3.13 and its standard library',
        default: true,
        python: '3.13.5',
        packages: {},
        limits: {
          memoryBytes: 134217728,
          cpus: 1,
          processes: 64,
          tmpBytes: 16777216,
          outputBytes: 1048576,
          defaultTimeoutSeconds: 10,
          maxTimeoutSeconds: 10,
          outputFiles: 32,
          outputFileBytes: 2097152,
          outputFilesBytes: 4194304,
        },
      },
    ],
  })

/** One environment. */
export type EnvironmentFacts = z.output<typeof environmentSchema>

/** An environment as a server offers it, before it was asked about itself. */
export interface OfferedEnvironment
  extends Pick<EnvironmentFacts, 'name' | 'description' | 'limits'> {
  /** Whether the page's menu has it. */
  onPage: boolean
  /** Whether its folder is on this host. */
  hasFolder: boolean
  /** Why no program can run in it; undefined if nothing is known. */
  problem: string | undefined
}

/** All environments that can be requested now, the default one first. The same array as long as they are the same. */
export type Offered = () => readonly [OfferedEnvironment, ...OfferedEnvironment[]]

/** The environments of a server's own settings. */
export function ownEnvironments(config: Config): ReturnType<Offered> {
  const [first, ...others] = config.environments
  const offered = (environment: Environment): OfferedEnvironment => {
    const { name, description, onPage, hasFolder, problem } = environment
    const limits = environmentLimits(config, environment)
    return { name, description, onPage, hasFolder, problem, limits }
  }
  return [offered(first), ...others.map(offered)]
}

export interface EnvironmentsOptions {
  executor: Executor
  offered: Offered
  logger: Logger
}

/** The environments of a server. */
export class Environments {
  readonly #options: EnvironmentsOptions
  /** One program for each that was asked, by name. */
  readonly #attempts = new Map<string, SharedAttempt<InsideFacts>>()

  constructor(options: EnvironmentsOptions) {
    this.#options = options
  }

  /**
   * Lists the environments that programs can run in now.
   * @throws {Refusal} if none of them can be queried now.
   */
  async list(): Promise<EnvironmentFacts[]> {
    const { offered, logger } = this.#options
    const all = offered()
    for (const name of this.#attempts.keys()) {
      if (!all.some((environment) => environment.name === name)) this.#attempts.delete(name)
    }
    const asked = all
      .filter(({ problem }) => problem === undefined)
      .map(async ({ name, description, limits }): Promise<EnvironmentFacts> => {
        const answer = this.#attempt(name).get()
        if (!(await settlesWithin(answer, MAX_WAIT_MS)))
          throw unavailable(new Error(`${name} is slow`))
        const { python, packages } = await answer
        return { name, description, default: name === all[0].name, python, packages, limits }
      })
    const ends = await Promise.allSettled(asked)
    const facts = ends.flatMap((end) => (end.status === 'fulfilled' ? end.value : []))
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed && facts.length === 0) throw failed.reason
    if (failed) logger.warn({ err: failed.reason }, 'an environment could not be queried')
    return facts
  }

  #attempt(name: string): SharedAttempt<InsideFacts> {
    const known = this.#attempts.get(name)
    if (known) return known
    const attempt = new SharedAttempt(() => askEnvironment(this.#options.executor, name))
    this.#attempts.set(name, attempt)
    return attempt
  }
}

/**
 * Runs the program in an environment and returns its report.
 * @throws {Refusal} if the environment can't be queried now.
 */
export async function askEnvironment(
  executor: Executor,
  environment: string,
): Promise<InsideFacts> {
  const request = ownRequest({ code: ASK, environment, timeoutSeconds: ASK_SECONDS })
  try {
    const outcome = await executor.run(request, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) })
    if (outcome.status !== 'ok') throw new Error(`${outcome.status}: ${outcome.error}`)
    return insideSchema.parse(JSON.parse(outcome.output))
  } catch (error) {
    throw asUnavailable(error)
  }
}

/** The limits of an environment, for authors of programs. */
export function environmentLimits(
  config: Config,
  environment: Environment,
): EnvironmentFacts['limits'] {
  const { memoryBytes, cpus, pids, tmpBytes } = containerSpec(config, '', environment).limits
  const { maxFiles, maxFileBytes, maxTotalBytes } = collectionLimits(config)
  return {
    memoryBytes,
    cpus,
    processes: pids,
    tmpBytes,
    outputBytes: config.MAX_OUTPUT_BYTES,
    defaultTimeoutSeconds: environment.defaultTimeoutSeconds,
    maxTimeoutSeconds: environment.maxTimeoutSeconds,
    outputFiles: maxFiles,
    outputFileBytes: maxFileBytes,
    outputFilesBytes: maxTotalBytes,
  }
}
