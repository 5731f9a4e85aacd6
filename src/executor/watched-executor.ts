// Wraps the executor that the routes use with readiness checks and records of runs.

import type { Config } from '../config/config.ts'
import type { Executor } from '../run/executor.ts'
import type { RunRecord } from '../run/record.ts'
import { Readiness } from './readiness.ts'
import { RecordingExecutor } from './recording.ts'

export interface WatchedExecutorOptions {
  executor: Executor
  config: Config
  /** Called for each client run. */
  onRun: (record: RunRecord) => void
  /** Returns a known reason why no program can run; by default there is none. */
  obstacle?: (() => string | undefined) | undefined
}

/** The executor for all runs, and the readiness derived from it. */
export interface WatchedExecutor {
  executor: Executor
  readiness: Readiness
}

/** Wraps an executor. */
export function watchExecutor(options: WatchedExecutorOptions): WatchedExecutor {
  const { executor, config, onRun, obstacle } = options
  const readiness = new Readiness(executor, config.environments[0].name, obstacle)
  const recorded = new RecordingExecutor(readiness, onRun)
  return { executor: recorded, readiness }
}
