// Config -> what keeps asynchronous runs.

import type { Config } from '../config/config.ts'
import { MemoryAsyncRuns, type MemoryAsyncRunsOptions } from './memory-async-runs.ts'

/** Keeps them in the memory of this server. */
export function memoryAsyncRuns(
  config: Config,
  parts: Pick<MemoryAsyncRunsOptions, 'executor' | 'gate' | 'logger' | 'onEnd'>,
): MemoryAsyncRuns {
  return new MemoryAsyncRuns({
    ...parts,
    maxQueued: config.MAX_QUEUED,
    maxQueuedMs: config.MAX_QUEUED_SECONDS * 1000,
    resultTtlMs: config.RESULT_TTL_SECONDS * 1000,
    maxBytes: config.MAX_RESULTS_MB * 2 ** 20,
  })
}
