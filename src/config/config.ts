// The environment, parsed once. Every setting is here with its default, its rule and what it is for.

import { readFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { z } from 'zod'
import { removedSettings } from './removed.ts'
import {
  apiKeys,
  databaseUrl,
  decimal,
  environments,
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

/** What sensible defaults depend on. */
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

/** One setting: its rule, its default as one would write it in the environment, and its purpose. */
function setting<S extends z.ZodType<unknown, string>>(
  schema: S,
  fallback: string,
  purpose: string,
) {
  return schema.prefault(fallback as z.input<S>).describe(purpose)
}

/** All settings. The defaults of the last group depend on the machine, that of MAX_RESULTS_MB on where programs run. */
export function settings({ cores, memoryBytes }: Machine, isQueue = false) {
  // Half of the memory for programs, 128 MB each; two for a core, because many programs wait more than they compute.
  const roomForPrograms = Math.floor(memoryBytes / 2 / (128 * MEBIBYTE))
  const running = Math.max(2, Math.min(cores * 2, roomForPrograms))
  return {
    HOST: setting(notEmpty, '127.0.0.1', 'address to listen on'),
    PORT: setting(whole(0, 65_535), '5000', 'port to listen on; 0 picks a free one'),
    API_KEYS: setting(
      apiKeys,
      '',
      'keys of which a client must send one as `Authorization: Bearer KEY`, separated by commas; empty: everybody may run programs',
    ),
    API_KEYS_FILE: setting(
      z.string(),
      '',
      'file with names, SHA-256, rights and limits of keys, made by `npx safe-code-executor key new NAME`; it is read again when it changes',
    ),
    SERVE_WITHOUT_KEYS: setting(
      onOff,
      'off',
      'whether everybody who reaches an address of this server that is not loopback may run programs: on or off; off, the server does not start there without keys',
    ),
    ALLOWED_HOSTS: setting(
      hostNames,
      '',
      'names that this server answers to beside IP addresses, `localhost` and names without a dot, separated by commas, `*.example.org` for all below one; empty: no more without keys, and every name with keys',
    ),
    TRUST_PROXY: setting(
      trustProxy,
      '0',
      'whose `X-Forwarded-For` is believed: how many proxies stand before the server, or their addresses and networks, separated by commas',
    ),
    LOG_LEVEL: setting(
      z.enum(
        ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
        'must be one of trace, debug, info, warn, error, fatal, silent',
      ),
      'info',
      'least important log line that is written',
    ),

    DEFAULT_TIMEOUT_SECONDS: setting(
      decimal(MIN_SECONDS, DAY_SECONDS),
      '10',
      'time of a run that asks for none',
    ),
    MAX_TIMEOUT_SECONDS: setting(
      decimal(MIN_SECONDS, DAY_SECONDS),
      '10',
      'longest time that a run may ask for',
    ),
    MAX_BODY_BYTES: setting(whole(1, 64 * MEBIBYTE), String(2 * MEBIBYTE), 'longest request body'),
    MAX_OUTPUT_BYTES: setting(
      whole(1, 64 * MEBIBYTE),
      String(MEBIBYTE),
      'most output of a run, stdout and stderr together',
    ),

    MAX_OUTPUT_FILES_BYTES: setting(
      whole(1, 64 * MEBIBYTE),
      String(4 * MEBIBYTE),
      'most bytes of the files that come back of a run, and of its displays; one may have half of it, and there are 32 of each at most',
    ),

    MEMORY_MB: setting(whole(32, 1024 * 1024), '128', 'memory of a run, without swap'),
    CPUS: setting(decimal(MIN_CPUS, 1024), '1', 'CPUs of a run'),
    MAX_PROCESSES: setting(whole(8, 32_768), '64', 'processes and threads of a run'),
    TMP_MB: setting(
      whole(1, 1024 * 1024),
      '16',
      'size of /tmp, and of /dev/shm; both count as memory. /tmp has 256 files for each megabyte',
    ),

    RATE_LIMIT: setting(
      rateLimit(DEFAULT_RATE),
      `${DEFAULT_RATE.requests}/${DEFAULT_RATE.windowSeconds}`,
      'requests to run that one client may send in a window of so many seconds, `REQUESTS/SECONDS`; `on` is the default, `off` no limit',
    ),

    REDIS_URL: setting(
      serviceUrl(['redis://', 'rediss://'], 'redis://HOST:PORT or rediss://HOST:PORT'),
      '',
      'Redis in which several servers count rates together, and which has the queue of `EXECUTOR=queue`, `redis://:PASSWORD@HOST:PORT`; empty: each server counts alone',
    ),

    EXECUTOR: setting(
      z.enum(['docker', 'queue'], 'must be docker or queue'),
      'docker',
      'where programs run: `docker` on this host; `queue` on the hosts of workers (`safe-code-executor worker`) that take them from a queue in Redis, this one then needs no engine',
    ),
    QUEUE_PREFIX: setting(
      z.string().regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, or . _ -'),
      'safe-code-executor',
      'what the names of everything in Redis begin with; servers and workers with the same one work together',
    ),

    MAX_QUEUED: setting(
      whole(1, 1_000_000),
      '1000',
      'asynchronous runs that may wait; with `EXECUTOR=queue` those of all servers together, and as many synchronous ones (`POST /run`) in a line of their own',
    ),
    MAX_QUEUED_SECONDS: setting(
      decimal(MIN_SECONDS, 7 * DAY_SECONDS),
      '3600',
      'longest wait of an asynchronous run for its turn',
    ),
    RESULT_TTL_SECONDS: setting(
      whole(1, 7 * DAY_SECONDS),
      '3600',
      'how long the result of an asynchronous run is kept, and the answer to an `Idempotency-Key`',
    ),
    MAX_RESULTS_MB: setting(
      whole(1, 1024 * 1024),
      isQueue ? '256' : '64',
      'memory for asynchronous runs: half for those that have not ended, half for results, of which the oldest of who has most go first. With `EXECUTOR=queue`, where the default is 256, it is the memory for all runs in Redis: programs that wait, results, and room for what may come of each run that goes on, some 11 to 26 MB; the same on all servers',
    ),
    WEBHOOKS: setting(
      networks,
      'off',
      'whether an asynchronous run may name an address that is told of its end: on or off. Networks, separated by commas, mean on, and may be reached although they are not public: `10.1.0.0/16`',
    ),

    DATABASE_URL: setting(
      databaseUrl,
      'file:./data/runs.db',
      'where every finished run is kept as a record: `file:PATH` for SQLite, `postgres://USER:PASSWORD@HOST/DATABASE`; `off` keeps none',
    ),
    RUN_LOG_CODE: setting(
      onOff,
      'off',
      'whether code and output are kept in the records too: on or off',
    ),
    RUN_LOG_KEEP: setting(
      recordsAndDays,
      '1000000/30',
      'how many records are kept, and for how many days, `RECORDS/DAYS`',
    ),
    RUN_LOG_SALT: setting(
      z.string(),
      '',
      'secret with which addresses in the records are hashed; empty: a new one at each start, so that a client has another hash then',
    ),
    READ_RUNS_WITHOUT_KEY: setting(
      onOff,
      'off',
      'whether everybody may read the records where no keys are asked for: on or off',
    ),

    READ_ONLY_MOUNTS: setting(
      readOnlyMounts,
      '',
      'data of the host that every program may read, as `SOURCE:TARGET` pairs, separated by commas: `/srv/data:/data`; always read-only',
    ),

    DOCKER_BIN: setting(
      notEmpty,
      'docker',
      'command line client of the engine: `docker`, or `podman`',
    ),
    SANDBOX_IMAGE: setting(notEmpty, 'safe-code-executor-python', 'image that programs run in'),
    SANDBOX_RUNTIME: setting(
      z.string().regex(/^[\w.-]*$/, 'must be the name of a runtime of the engine'),
      '',
      'OCI runtime of the containers, as the engine knows it: `runsc` (gVisor), `kata`; empty: the engine’s default',
    ),
    SERVE_WITH_MISSING_WALLS: setting(
      onOff,
      'off',
      'whether to run programs on a host that does not enforce every limit: on or off; `safe-code-executor doctor` tells which',
    ),
    ENVIRONMENTS: setting(
      environments,
      'python',
      'what programs may run in, the default first: `python`, and `data` with numpy, pandas, matplotlib, scipy, sympy and Pillow, loaded before the program comes; setup builds their images',
    ),
    DATA_IMAGE: setting(notEmpty, 'safe-code-executor-data', 'image of the environment `data`'),
    DATA_MEMORY_MB: setting(
      whole(192, 1024 * 1024),
      '256',
      'memory of a run in the environment `data`, of which its libraries take about half',
    ),
    DRAIN_NOTICE_SECONDS: setting(
      whole(0, DAY_SECONDS),
      '0',
      'how long after SIGTERM the server serves as before while `/readyz` answers 503, so that a load balancer sends no more',
    ),
    DRAIN_SECONDS: setting(whole(0, DAY_SECONDS), '15', 'how long runs may go on after SIGTERM'),

    MAX_RUNNING: setting(
      whole(1, 10_000),
      String(running),
      'programs that run at once; by default two for each core, as far as half of the memory holds them',
    ),
    POOL_SIZE: setting(
      whole(0, 10_000),
      String(running),
      'containers that wait warm; 0 starts each one when it is asked for; by default as many as run at once',
    ),
    DATA_POOL_SIZE: setting(
      whole(0, 10_000),
      String(Math.ceil(running / 2)),
      'containers of the environment `data` that wait warm, with some 150 MB each; by default half as many as run at once',
    ),
    MAX_WAIT_SECONDS: setting(
      decimal(MIN_SECONDS, 3600),
      '45',
      'longest wait for a turn. With `EXECUTOR=docker` at most 32 synchronous runs wait for each place of `MAX_RUNNING`. A container has two thirds of this time to start, 30 s at least and 120 s at most',
    ),
  }
}

/** The settings as the rest of the program reads them. */
export type Config = Readonly<{
  [Name in keyof ReturnType<typeof settings>]: z.output<ReturnType<typeof settings>[Name]>
}>

/**
 * Reads the settings from an environment; what is absent or empty has its default.
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
  if (result.data?.EXECUTOR === 'queue' && result.data.REDIS_URL === '') {
    problems.push('REDIS_URL: must be set where EXECUTOR is queue')
  }
  problems.push(...removedSettings(env))
  if (result.success && problems.length === 0) return Object.freeze(result.data)
  const lines = [...new Set(problems)].map((problem) => `  ${problem}`)
  throw new Error(`The configuration is not valid:\n${lines.join('\n')}`)
}

/** One setting, as help texts show it. */
export interface SettingHelp {
  name: string
  fallback: string
  purpose: string
}

/** Names, defaults and purposes of all settings, in order. */
export function describeSettings(machine: Machine = thisMachine()): SettingHelp[] {
  return Object.entries(settings(machine)).map(([name, schema]) => ({
    name,
    fallback: String(schema.def.defaultValue),
    purpose: schema.description ?? '',
  }))
}
