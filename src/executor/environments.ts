// Describes the environments: each runs a program once that reports its Python, its packages and its modules.

import { z } from 'zod'
import type { Config } from '../config/config.ts'
import type { Executor } from '../run/executor.ts'
import { asUnavailable } from '../run/refusal.ts'
import { ownRequest } from '../run/request.ts'
import { SharedAttempt } from '../waits/shared-attempt.ts'
import { collectionLimits } from './protocol.ts'
import { containerSpec, type EnvironmentName } from './spec.ts'

/** Time limit of that program, in seconds, and of the whole attempt including its wait for a slot, in milliseconds. */
const ASK_SECONDS = 10
const ASK_TIMEOUT_MS = 30_000

const ASK = `
import json, os, pkgutil, platform, sys
from importlib.metadata import distributions
packages = {d.name: d.version for d in distributions()}
folders = [folder for folder in sys.path[1:] if os.path.isdir(folder)]
modules = {module.name for module in pkgutil.iter_modules(folders)}.union(sys.builtin_module_names)
for folder in folders:  # packages without a file of their own
    modules.update(entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name.isidentifier())
print(json.dumps({
    "python": platform.python_version(),
    "packages": dict(sorted(packages.items())),
    "modules": sorted(modules),
}))
`

const insideSchema = z.object({
  python: z.string(),
  packages: z.record(z.string(), z.string()),
  /** Top-level names for `import`, those of the standard library included. */
  modules: z.array(z.string()),
})

/** One environment, as `GET /environments` lists it. */
export const environmentSchema = z
  .strictObject({
    name: z.string().describe('Name that a request uses'),
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
        default: true,
        python: '3.13.5',
        packages: {},
        limits: {
          memoryBytes: 134217728,
          cpus: 1,
          processes: 64,
          tmpBytes: 16777216,
          outputBytes: 1048576,
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

export interface EnvironmentsOptions {
  executor: Executor
  /** The limits of each environment by name, the default one first. */
  limits: ReadonlyMap<string, EnvironmentFacts['limits']>
}

/** The environments of a server. */
export class Environments {
  readonly #attempts: readonly SharedAttempt<EnvironmentFacts>[]

  constructor({ executor, limits }: EnvironmentsOptions) {
    this.#attempts = [...limits].map(
      ([name, limits], index) =>
        new SharedAttempt(async () => {
          const { python, packages } = await askEnvironment(executor, name)
          return { name, default: index === 0, python, packages, limits }
        }),
    )
  }

  /**
   * Lists all environments.
   * @throws {Refusal} if one of them can't be queried now.
   */
  list(): Promise<EnvironmentFacts[]> {
    return Promise.all(this.#attempts.map((attempt) => attempt.get()))
  }
}

/**
 * Runs the program in an environment and returns its report.
 * @throws {Refusal} if the environment can't be queried now.
 */
export async function askEnvironment(executor: Executor, environment: string) {
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
  environment: EnvironmentName,
): EnvironmentFacts['limits'] {
  const { memoryBytes, cpus, pids, tmpBytes } = containerSpec(config, '', environment).limits
  const { maxFiles, maxFileBytes, maxTotalBytes } = collectionLimits(config)
  return {
    memoryBytes,
    cpus,
    processes: pids,
    tmpBytes,
    outputBytes: config.MAX_OUTPUT_BYTES,
    maxTimeoutSeconds: config.MAX_TIMEOUT_SECONDS,
    outputFiles: maxFiles,
    outputFileBytes: maxFileBytes,
    outputFilesBytes: maxTotalBytes,
  }
}
