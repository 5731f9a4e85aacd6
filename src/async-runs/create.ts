// Config -> what keeps asynchronous runs.

import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Executor } from '../executor/executor.ts'
import { MemoryAsyncRuns } from './memory-async-runs.ts'

/** Keeps them in the memory of this server. */
export function memoryAsyncRuns(
  config: Config,
  executor: Executor,
  logger: Logger,
): MemoryAsyncRuns {
  return new MemoryAsyncRuns({
    ...{ executor, logger, maxRunning: config.MAX_RUNNING, maxQueued: config.MAX_QUEUED },
    maxQueuedMs: config.MAX_QUEUED_SECONDS * 1000,
    resultTtlMs: config.RESULT_TTL_SECONDS * 1000,
    maxBytes: config.MAX_RESULTS_MB * 2 ** 20,
  })
}
