// What stands between the routes and whatever runs programs: readiness, bounds of keys, records of what ran.

import type { Config } from './config.ts'
import type { Executor } from './executor/executor.ts'
import { KeyConcurrency } from './keys/key-concurrency.ts'
import type { Metrics } from './metrics.ts'
import { Readiness } from './readiness.ts'
import type { RunLog } from './run-log/run-log.ts'
import { RecordingExecutor } from './run-record.ts'

export interface WatchedExecutorOptions {
  executor: Executor
  config: Config
  metrics: Metrics
  /** Undefined where finished runs are not kept. */
  runLog: RunLog | undefined
}

/** The executor that all runs take, and what it knows of whether they can be run. */
export interface WatchedExecutor {
  executor: Executor
  readiness: Readiness
}

/** Puts all of it around an executor. */
export function watchExecutor(options: WatchedExecutorOptions): WatchedExecutor {
  const { executor, config, metrics, runLog } = options
  const readiness = new Readiness(executor, config.ENVIRONMENTS[0])
  const recorded = new RecordingExecutor(new KeyConcurrency(readiness), (record) => {
    metrics.onRun(record)
    runLog?.add(record)
  })
  return { executor: recorded, readiness }
}
