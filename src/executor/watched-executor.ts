// What stands between the routes and whatever runs programs: readiness, records of what ran.

import type { Config } from '../config/config.ts'
import type { Executor } from '../run/executor.ts'
import type { RunRecord } from '../run/record.ts'
import { Readiness } from './readiness.ts'
import { RecordingExecutor } from './recording.ts'

export interface WatchedExecutorOptions {
  executor: Executor
  config: Config
  /** Told of each run of a client's. */
  onRun: (record: RunRecord) => void
  /** What is known to be in the way of all runs; by default nothing is. */
  obstacle?: (() => string | undefined) | undefined
}

/** The executor that all runs take, and what it knows of whether they can be run. */
export interface WatchedExecutor {
  executor: Executor
  readiness: Readiness
}

/** Puts all of it around an executor. */
export function watchExecutor(options: WatchedExecutorOptions): WatchedExecutor {
  const { executor, config, onRun, obstacle } = options
  const readiness = new Readiness(executor, config.ENVIRONMENTS[0], obstacle)
  const recorded = new RecordingExecutor(readiness, onRun)
  return { executor: recorded, readiness }
}
