// The settings, parsed once. Every setting is here with its rule and its default; its purpose is in purposes.ts.

import { readFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { z } from 'zod'
import { type Environment, readEnvironments } from '../environments/environment.ts'
import { PURPOSES } from './purposes.ts'
import { removedSettings } from './removed.ts'
import {
  apiKeys,
  databaseUrl,
  decimal,
  environments,
  executor,
  folder,
  hostNames,
  networks,
  notEmpty,
  onOff,
  rateLimit,
  readOnlyMounts,
  recordsAndDays,
  serviceUrl,
  trustProxy,
  whole,
} from './rules.ts'

const DEFAULT_RATE = { requests: 1000, windowSeconds: 60 }
const MEBIBYTE = 1024 * 1024

/** The machine that defaults depend on. */
export interface Machine {
  cores: number
  memoryBytes: number
}

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  return { cores: allowedCores(), memoryBytes: totalmem() }
}

/**
 * Cores that this process may run on. Programs run beside it, not in it: a quota of its own (`--cpus`, a limit of Kubernetes) is not
 * theirs, and from libuv 1.49 on `availableParallelism` counts that quota.
 */
function allowedCores(): number {
  try {
    const list = readFileSync('/proc/self/status', 'latin1').match(/^Cpus_allowed_list:\s*(\S+)/m)
    return coresOf(list?.[1] ?? '') || availableParallelism()
  } catch {
    return availableParallelism() // no such file, or no permission to read it (Deno)
  }
}

/** How many there are in a list of the kernel's, such as `0-3,8`. */
export function coresOf(list: string): number {
  const ranges = [...list.matchAll(/(\d+)(?:-(\d+))?/g)]
  return ranges.reduce((sum, [, first, last]) => sum + Number(last ?? first) - Number(first) + 1, 0)
}

const DAY_SECONDS = 86_400
/** The resolution of the clocks. */
const MIN_SECONDS = 0.001
/** Less than this the engine rounds to a quota of 0, and that would mean no limit. */
const MIN_CPUS = 0.01

/** One setting: its rule, and its default as one would write it in the environment. */
function setting<S extends z.ZodType<unknown, string>>(schema: S, fallback: string) {
  return schema.prefault(fallback as z.input<S>)
}

/** All settings, in the order of purposes.ts. Some defaults depend on the machine, that of MAX_RESULTS_MB on where programs run. */
export function settings({ cores, memoryBytes }: Machine, isQueue = false) {
  // Half of the memory for programs, 128 MB each; two per core, because many programs wait more than they compute.
  const roomForPrograms = Math.floor(memoryBytes / 2 / (128 * MEBIBYTE))
  const running = Math.max(2, Math.min(cores * 2, roomForPrograms))
  const timeLimit = decimal(MIN_SECONDS, DAY_SECONDS)
  const bytes = whole(1, 64 * MEBIBYTE)
  return {
    HOST: setting(notEmpty, '127.0.0.1'),
    PORT: setting(whole(0, 65_535), '5000'),
    SERVE_WITHOUT_KEYS: setting(onOff, 'off'),
    ALLOWED_HOSTS: setting(hostNames, ''),
    TRUST_PROXY: setting(trustProxy, '0'),
    MAX_BODY_BYTES: setting(bytes, String(2 * MEBIBYTE)),
    RATE_LIMIT: setting(
      rateLimit(DEFAULT_RATE),
      `${DEFAULT_RATE.requests}/${DEFAULT_RATE.windowSeconds}`,
    ),
    LOG_LEVEL: setting(
      z.enum(
        ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
        'must be one of trace, debug, info, warn, error, fatal, silent',
      ),
      'info',
    ),

    DEFAULT_TIMEOUT_SECONDS: setting(timeLimit, '10'),
    MAX_TIMEOUT_SECONDS: setting(timeLimit, '10'),
    MEMORY_MB: setting(whole(32, 1024 * 1024), '128'),
    CPUS: setting(decimal(MIN_CPUS, 1024), '1'),
    MAX_PROCESSES: setting(whole(8, 32_768), '64'),
    TMP_MB: setting(whole(1, 1024 * 1024), '16'),
    MAX_OUTPUT_BYTES: setting(bytes, String(MEBIBYTE)),
    MAX_OUTPUT_FILES_BYTES: setting(bytes, String(4 * MEBIBYTE)),
    READ_ONLY_MOUNTS: setting(readOnlyMounts, ''),

    ENVIRONMENTS: setting(environments, 'python'),
    ENVIRONMENTS_DIR: setting(folder, ''),

    MAX_RUNNING: setting(whole(1, 10_000), String(running)),
    MAX_WAIT_SECONDS: setting(decimal(MIN_SECONDS, 3600), '45'),
    POOL_SIZE: setting(whole(0, 10_000), String(running)),

    MAX_QUEUED: setting(whole(1, 1_000_000), '1000'),
    MAX_QUEUED_SECONDS: setting(decimal(MIN_SECONDS, 7 * DAY_SECONDS), '3600'),
    RESULT_TTL_SECONDS: setting(whole(1, 7 * DAY_SECONDS), '3600'),
    MAX_RESULTS_MB: setting(whole(1, 1024 * 1024), isQueue ? '256' : '64'),
    WEBHOOKS: setting(networks, 'off'),

    API_KEYS: setting(apiKeys, ''),
    API_KEYS_FILE: setting(z.string(), ''),
    DATABASE_URL: setting(databaseUrl, 'file:./data/runs.db'),
    RUN_LOG_CODE: setting(onOff, 'off'),
    RUN_LOG_KEEP: setting(recordsAndDays, '1000000/30'),
    RUN_LOG_SALT: setting(z.string(), ''),
    READ_RUNS_WITHOUT_KEY: setting(onOff, 'off'),

    EXECUTOR: setting(executor, 'local'),
    REDIS_URL: setting(
      serviceUrl(['redis://', 'rediss://'], 'redis://HOST:PORT or rediss://HOST:PORT'),
      '',
    ),
    QUEUE_PREFIX: setting(
      z.string().regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, or . _ -'),
      'safe-code-executor',
    ),

    ENGINE: setting(z.enum(['docker', 'runc', 'crun'], 'must be docker, runc or crun'), 'docker'),
    DOCKER_BIN: setting(notEmpty, 'docker'),
    SANDBOX_RUNTIME: setting(
      z.string().regex(/^[\w.-]*$/, 'must be the name of a runtime of the engine'),
      '',
    ),
    SERVE_WITH_MISSING_WALLS: setting(onOff, 'off'),
    DRAIN_NOTICE_SECONDS: setting(whole(0, DAY_SECONDS), '0'),
    DRAIN_SECONDS: setting(whole(0, DAY_SECONDS), '15'),
  }
}

/** The settings alone. */
type Settings = Readonly<{
  [Name in keyof ReturnType<typeof settings>]: z.output<ReturnType<typeof settings>[Name]>
}>

/** The settings as the rest of the program reads them. */
export type Config = Settings & {
  /** The environments that ENVIRONMENTS names, read from their folders; the default one first. */
  readonly environments: readonly [Environment, ...Environment[]]
}

/**
 * Reads the settings from environment variables, and the folders of the environments; absent or empty variables have their default.
 * @throws {Error} that names every bad variable.
 */
export function parseConfig(
  env: Readonly<Record<string, string | undefined>>,
  machine: Machine = thisMachine(),
): Config {
  const schema = z.object(settings(machine, env.EXECUTOR === 'queue'))
  const given = Object.entries(env).filter(([name, value]) => name in schema.shape && value !== '')
  const result = schema.safeParse(Object.fromEntries(given))
  const problems =
    result.error?.issues.map(({ path, message }) => `${String(path[0])}: ${message}`) ?? []
  if (result.data && result.data.ENGINE !== 'docker' && result.data.SANDBOX_RUNTIME !== '') {
    problems.push(
      `SANDBOX_RUNTIME: ENGINE=${result.data.ENGINE} is the runtime itself; use one of the two`,
    )
  }
  if (result.data?.EXECUTOR === 'queue' && result.data.REDIS_URL === '') {
    problems.push('REDIS_URL: must be set if EXECUTOR is queue')
  }
  problems.push(...removedSettings(env))
  if (result.success && problems.length === 0) {
    const environments = readEnvironments(result.data)
    if (environments.some(({ problem }) => problem === undefined)) {
      return Object.freeze({ ...result.data, environments })
    }
    problems.push(...environments.map(({ name, problem }) => `ENVIRONMENTS: ${name}: ${problem}`))
  }
  const lines = [...new Set(problems)].map((problem) => `  ${problem}`)
  throw new Error(`The configuration is not valid:\n${lines.join('\n')}`)
}

/** The same with one environment alone, and no container started ahead of time. */
export function withoutPools(config: Config, environment: string): Config {
  const own = config.environments.find(({ name }) => name === environment)
  if (!own) throw new Error(`there is no environment ${environment}`)
  return { ...config, environments: [{ ...own, poolSize: 0 }] }
}

/** One setting, as help texts show it. */
export interface SettingHelp {
  name: string
  /** The heading that it stands under. */
  group: string
  fallback: string
  purpose: string
}

/** All settings, in the order of their groups. */
export function describeSettings(machine: Machine = thisMachine()): SettingHelp[] {
  const schemas = settings(machine)
  return Object.entries(PURPOSES).flatMap(([group, purposes]) =>
    Object.entries(purposes).map(([name, purpose]) => {
      const fallback = String(schemas[name as keyof Settings].def.defaultValue)
      return { name, group, fallback, purpose }
    }),
  )
}
