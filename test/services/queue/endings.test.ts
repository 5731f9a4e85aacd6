// The ends of asynchronous runs in a real Redis: whoever saw to them and is gone leaves nothing behind, and loses nothing.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { QueueOptions } from '../../../src/queue/create.ts'
import { redisService, type Service } from '../../support/services.ts'
import { asKey, type Cluster, program, startCluster } from './cluster.ts'

const GROUP = 'servers'

let redis: Service
let cluster: Cluster
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())
beforeEach(() => {
  cluster = startCluster(redis.url)
})
afterEach(() => cluster.close())

const ended = () => cluster.queue.key('ended')

/** Names of all consumers, with how many ends each has and did not see to. */
async function consumers(): Promise<Map<string, number>> {
  const found = await cluster.queue.redis.xinfo('CONSUMERS', ended(), GROUP).catch(() => [])
  return new Map(
    (found as unknown[][]).map((pairs) => {
      const of = (name: string) => pairs[pairs.indexOf(name) + 1]
      return [String(of('name')), Number(of('pending'))]
    }),
  )
}

describe('servers that are gone', () => {
  it('leave no name in Redis', async () => {
    const seen: string[] = []
    const onRun: QueueOptions['onRun'] = ({ outcome }) => void seen.push(outcome.id)
    cluster.worker()
    for (const id of ['run-one', 'run-two', 'run-three']) {
      const { asyncRuns, close } = cluster.server({}, { onRun })
      await asyncRuns.submit([{ id, request: program('x # now'), origin: asKey('one') }])
      await expect.poll(() => seen, { timeout: 10_000 }).toContain(id)
      await close()
    }
    expect([...(await consumers()).values()]).toEqual([0])
  })

  it('lose nothing that they had taken', async () => {
    const seen: string[] = []
    const one = cluster.server()
    const { executor } = cluster.worker()
    const ids = ['run-a', 'run-b', 'run-c']
    await one.asyncRuns.submit(
      ids.map((id) => ({ id, request: program(id), origin: asKey('one') })),
    )
    const programs = [await executor.program('run-a'), await executor.program('run-b')]
    await one.close()
    for (const begun of programs) begun.end()
    ;(await executor.program('run-c')).end()
    const { queue } = cluster
    await expect.poll(() => queue.redis.xlen(ended()), { timeout: 8000 }).toBe(3)
    // One has a name of its own, as those of 0.1.0 have.
    await queue.redis.xreadgroup('GROUP', GROUP, 'lost', 'COUNT', 10, 'STREAMS', ended(), '>')
    // Redis may have handed one to the first server, before it saw that its connection is closed.
    await queue.redis.xautoclaim(ended(), GROUP, 'lost', 0, '0')
    expect((await consumers()).get('lost')).toBe(3)
    const onRun = ({ outcome }: { outcome: { id: string } }) => void seen.push(outcome.id)
    cluster.server({}, { onRun, endings: { takeOverMs: 1000 } })
    await expect.poll(() => seen.toSorted(), { timeout: 20_000 }).toEqual(ids)
    await expect.poll(() => queue.redis.xlen(ended()), { timeout: 5000 }).toBe(0)
  })
})
