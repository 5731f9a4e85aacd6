// Who may wait in the queue: the suite of all lines, over a worker.

import { afterAll, beforeAll, expect } from 'vitest'
import { watchExecutor } from '../../../src/executor/watched-executor.ts'
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
    // A quarter of it is for the asynchronous ones, and not half.
    MAX_RESULTS_MB: String(2 * limits.maxMegabytes),
    // What may come of a run is promised to it: nothing in the way of the others.
    ...{ MAX_OUTPUT_BYTES: '1000', MAX_OUTPUT_FILES_BYTES: '1' },
  })
  cluster.worker({ executor: programs, slots: limits.maxRunning })
  const { executor, asyncRuns } = cluster.server()
  const watched = watchExecutor({ executor, config: cluster.config, onRun: () => {} })
  const { redis: client } = cluster.queue
  const isEmpty = async () => {
    const patterns = ['line:*', 'parked:*', 'owner:*', 'awaited:*', 'bytes:by', 'bytes:sync:by']
    const left = async () =>
      (await Promise.all(patterns.map((name) => client.keys(cluster.queue.key(name))))).flat()
    await expect.poll(left, { timeout: 10_000 }).toEqual([])
    const bytes = await client.mget(cluster.queue.key('bytes'), cluster.queue.key('bytes:sync'))
    expect(bytes.map(Number)).toEqual([0, 0])
    for (const key of await client.keys(cluster.queue.key('limit:*'))) {
      expect(await client.pttl(key), key).toBeGreaterThan(0)
    }
  }
  return { executor: watched.executor, runs: asyncRuns, isEmpty, close: () => cluster.close() }
})
