// Who may wait in the queue: the suite of all lines, over a worker.

import { afterAll, beforeAll } from 'vitest'
import { watchExecutor } from '../../../src/watched-executor.ts'
import { redisService, type Service } from '../../support/services.ts'
import { waitingSuite } from '../../support/waiting-suite.ts'
import { startCluster } from './cluster.ts'

let redis: Service
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())

waitingSuite(async (programs, limits) => {
  const cluster = startCluster(redis.url, {
    MAX_QUEUED: String(limits.maxQueued),
    MAX_WAIT_SECONDS: String(limits.maxWaitSeconds),
    MAX_QUEUE_MB: String(limits.maxMegabytes),
  })
  cluster.worker({ executor: programs, slots: limits.maxRunning })
  const { executor, asyncRuns } = cluster.server()
  const watched = watchExecutor({ executor, config: cluster.config, onRun: () => {} })
  return { executor: watched.executor, runs: asyncRuns, close: () => cluster.close() }
})
