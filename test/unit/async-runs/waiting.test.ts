// Who may wait in the lines of one server: the suite of all of them.

import { pino } from 'pino'
import { memoryAsyncRuns } from '../../../src/async-runs/create.ts'
import { parseConfig } from '../../../src/config.ts'
import type { Executor } from '../../../src/executor/executor.ts'
import { Gate } from '../../../src/executor/gate.ts'
import { clientName } from '../../../src/run-record.ts'
import { watchExecutor } from '../../../src/watched-executor.ts'
import { waitingSuite } from '../../support/waiting-suite.ts'

waitingSuite(async (programs, limits) => {
  const config = parseConfig({
    MAX_RUNNING: String(limits.maxRunning),
    MAX_QUEUED: String(limits.maxQueued),
    MAX_WAITING: String(limits.maxQueued),
    MAX_WAIT_SECONDS: String(limits.maxWaitSeconds),
    MAX_RESULTS_MB: String(limits.maxMegabytes),
  })
  const gate = new Gate({
    maxRunning: limits.maxRunning,
    maxWaiting: config.MAX_WAITING,
    maxWaitMs: limits.maxWaitSeconds * 1000,
  })
  const gated: Executor = {
    run: (request, options) => {
      const { signal, origin, waitUntilMs } = options
      const client = origin && { name: clientName(origin), weight: origin.key?.weight ?? 1 }
      return gate.use(() => programs.run(request, options), signal, client, waitUntilMs)
    },
  }
  const { executor } = watchExecutor({ executor: gated, config, onRun: () => {} })
  const runs = memoryAsyncRuns(config, { executor, logger: pino({ level: 'silent' }) })
  return { executor, runs, close: () => runs.close() }
})
