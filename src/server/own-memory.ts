// How much memory a server or a worker needs for itself and its `docker` commands, and whether its cgroup has that.

import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { maxContainers } from '../executor/spec.ts'
import { maxBodiesBytes } from '../middleware/body-memory.ts'
import { MAX_QUEUED_BYTES } from '../run-log/run-log.ts'
import { maxUnreadBytes } from '../streams/unread-bytes.ts'

const MEBIBYTE = 2 ** 20
/** The process under load, with code, heap and connections, beside what the settings bound: measured 140 to 235 MB. */
const PROCESS_BYTES = 256 * MEBIBYTE
/**
 * One `docker run` that waits for its container, counted by its cgroup: 5.7 MB and 8 threads with two processors, 6.6 MB and 9
 * threads with GOMAXPROCS=48.
 */
const CLIENT_BYTES = 8 * MEBIBYTE
/** Its threads, at most, and those of the server: a limit of processes counts threads. */
const CLIENT_TASKS = 16
const PROCESS_TASKS = 64

/**
 * The need of `serve`, or `work`, if everything that the settings limit is full: bodies, unread answers, records, results,
 * output of active programs, and a `docker run` for each container. Programs are not included: their containers belong to
 * the engine. `tasks` are processes and threads.
 */
export function ownNeed(config: Config) {
  const shared =
    PROCESS_BYTES +
    maxBodiesBytes(config.MAX_BODY_BYTES) +
    maxUnreadBytes(config) +
    MAX_QUEUED_BYTES
  if (config.EXECUTOR === 'queue')
    return { containers: 0, memoryBytes: shared, tasks: PROCESS_TASKS }
  const containers = maxContainers(config)
  const outcomeBytes = config.MAX_OUTPUT_BYTES + 2 * config.MAX_OUTPUT_FILES_BYTES // files, and displays
  return {
    containers,
    memoryBytes:
      shared +
      config.MAX_RESULTS_MB * MEBIBYTE +
      config.MAX_RUNNING * outcomeBytes +
      containers * CLIENT_BYTES,
    tasks: PROCESS_TASKS + containers * CLIENT_TASKS,
  }
}

/** Memory that this process' own cgroup lets it have (v1 and v2), in bytes; undefined if that is no limit, or not known. */
function memoryLimit(): number | undefined {
  // Absent on Deno; 0 if it is not known, and 2^63 or more if there is no limit.
  const bytes = process.constrainedMemory?.() ?? 0
  return bytes > 0 && bytes < Number.MAX_SAFE_INTEGER ? bytes : undefined
}

/** Logs a warning if the cgroup is too small: the kernel would kill the server, or the commands that start its containers. */
export function warnOfSmallCgroup(config: Config, logger: Logger, limit = memoryLimit()): void {
  const { containers, memoryBytes } = ownNeed(config)
  if (limit === undefined || limit >= memoryBytes) return
  logger.warn(
    {
      limitMb: Math.floor(limit / MEBIBYTE),
      needMb: Math.ceil(memoryBytes / MEBIBYTE),
      containers,
    },
    'the memory limit of this server’s own cgroup is too small for its settings: raise the limit, or lower MAX_RUNNING and POOL_SIZE',
  )
}
