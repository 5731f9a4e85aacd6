// The environments of a server: their folders, with the settings for all that a folder leaves out.

import { type EnvironmentFile, environmentFileSchema } from './environment-file.ts'
import { environmentRoots, findFolder, readFolder } from './environment-folder.ts'
import { parseReadOnlyMounts, type ReadOnlyMount } from './mounts.ts'

/** An environment as the server uses it. */
export interface Environment {
  name: string
  /** One line for people who choose. */
  description: string
  /** Name of the image. */
  image: string
  /** OCI runtime in the engine; empty for the engine's default. */
  runtime: string
  memoryMb: number
  cpus: number
  processes: number
  tmpMb: number
  /** At most `maxTimeoutSeconds`. */
  defaultTimeoutSeconds: number
  maxTimeoutSeconds: number
  /** Number of containers that are started ahead of time. */
  poolSize: number
  /** Environment variables of every program. */
  env: Readonly<Record<string, string>>
  mounts: readonly ReadOnlyMount[]
  onPage: boolean
  /** Whether its folder is here; a server whose programs run on workers needs none. */
  hasFolder: boolean
  /** Why no program can run in it; undefined if its folder is in order. */
  problem: string | undefined
}

/** The settings that environments depend on. */
export interface EnvironmentSettings {
  ENVIRONMENTS: readonly [string, ...string[]]
  ENVIRONMENTS_DIR: string
  EXECUTOR: 'local' | 'queue'
  ENGINE: 'docker' | 'runc' | 'crun'
  SANDBOX_RUNTIME: string
  MEMORY_MB: number
  CPUS: number
  MAX_PROCESSES: number
  TMP_MB: number
  DEFAULT_TIMEOUT_SECONDS: number
  MAX_TIMEOUT_SECONDS: number
  POOL_SIZE: number
  READ_ONLY_MOUNTS: readonly ReadOnlyMount[]
}

/** The image of an environment that is built here. */
export function builtImage(name: string): string {
  return `safe-code-executor-${name}`
}

/** The environments that ENVIRONMENTS names, the default one first. A folder with a fault gives one with a `problem`. */
export function readEnvironments(settings: EnvironmentSettings): [Environment, ...Environment[]] {
  const [first, ...others] = settings.ENVIRONMENTS
  return [
    readEnvironment(first, settings, settings.POOL_SIZE),
    ...others.map((name) => readEnvironment(name, settings, Math.ceil(settings.POOL_SIZE / 2))),
  ]
}

function readEnvironment(
  name: string,
  settings: EnvironmentSettings,
  poolSize: number,
): Environment {
  const roots = environmentRoots(settings.ENVIRONMENTS_DIR)
  const path = findFolder(name, roots)
  const byDefault = () => completed(name, environmentFileSchema.parse({}), settings, poolSize)
  if (path === undefined) {
    // The workers have the folders; a server without them uses its own settings for limits.
    if (settings.EXECUTOR === 'queue') return { ...byDefault(), hasFolder: false }
    return { ...byDefault(), problem: `there is no folder ${name} in ${roots.join(' or ')}` }
  }
  try {
    const { file } = readFolder(name, path)
    const environment = completed(name, file, settings, poolSize)
    if (settings.ENGINE !== 'docker' && environment.runtime !== '') {
      throw new Error(
        `runtime: ENGINE=${settings.ENGINE} is the runtime itself; use one of the two`,
      )
    }
    return environment
  } catch (error) {
    return { ...byDefault(), problem: `${path}: ${(error as Error).message}` }
  }
}

/** @throws {Error} if its mounts conflict with READ_ONLY_MOUNTS. */
function completed(
  name: string,
  file: EnvironmentFile,
  settings: EnvironmentSettings,
  poolSize: number,
): Environment {
  const maxTimeoutSeconds = file.maxTimeoutSeconds ?? settings.MAX_TIMEOUT_SECONDS
  const pairs = settings.READ_ONLY_MOUNTS.map(({ source, target }) => `${source}:${target}`)
  return {
    name,
    description: file.description,
    image: file.image ?? builtImage(name),
    runtime: file.runtime ?? settings.SANDBOX_RUNTIME,
    memoryMb: file.memoryMb ?? settings.MEMORY_MB,
    cpus: file.cpus ?? settings.CPUS,
    processes: file.processes ?? settings.MAX_PROCESSES,
    tmpMb: file.tmpMb ?? settings.TMP_MB,
    defaultTimeoutSeconds: Math.min(
      file.defaultTimeoutSeconds ?? settings.DEFAULT_TIMEOUT_SECONDS,
      maxTimeoutSeconds,
    ),
    maxTimeoutSeconds,
    poolSize: file.poolSize ?? poolSize,
    env: file.env,
    mounts:
      file.readOnlyMounts.length === 0
        ? settings.READ_ONLY_MOUNTS
        : parseReadOnlyMounts([...pairs, ...file.readOnlyMounts].join(',')),
    onPage: file.onPage,
    hasFolder: true,
    problem: undefined,
  }
}
