// Hundreds of runs while a worker is killed every second: `npm run soak:queue` does the same with ten thousand.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { chaos } from '../../support/queue-chaos.ts'
import { redisService, type Service } from '../../support/services.ts'
import { startCluster } from './cluster.ts'

let redis: Service
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())

it('gives each run exactly one end, and starts none twice that may not be', async () => {
  // What is promised to the runs of a worker that was killed stays so until their leases are over.
  const cluster = startCluster(redis.url, { ENVIRONMENTS: 'python', MAX_RESULTS_MB: '2048' })
  const { asyncRuns: runs } = cluster.server()
  const { queue } = cluster
  const report = await chaos({
    ...{ runs, queue, url: redis.url, prefix: cluster.config.QUEUE_PREFIX },
    ...{ count: 800, processes: 3, slots: 4, programMs: [20, 200], killMs: 1000 },
  })
  // What they take is counted once each, too: what has not ended takes nothing, and what is kept is all that is counted.
  const [{ unfinished, kept }, sizes] = await Promise.all([
    queue.bytes(),
    queue.redis.hvals(queue.key('kept:size')),
  ])
  await cluster.close()
  expect(unfinished).toBe(0)
  expect(sizes).toHaveLength(800)
  expect(sizes.reduce((sum, size) => sum + Number.parseInt(size, 10), 0)).toBe(kept)
  expect(report).toMatchObject({ wrong: [], overlaps: [], startedAgain: [] })
  expect(report.kills).toBeGreaterThan(3)
  const { finished = 0, 'failed: unavailable': lost = 0 } = report.ends
  expect(finished + lost).toBe(800)
  expect(finished).toBeGreaterThan(700)
}, 120_000)
