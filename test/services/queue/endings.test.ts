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

/** A server that was lost, with so many ends that it had taken. */
async function lost(name: string, ids: readonly string[] = []) {
  const { redis: client } = cluster.queue
  await client.xgroup('CREATE', ended(), GROUP, '0', 'MKSTREAM').catch(() => {})
  await client.xgroup('CREATECONSUMER', ended(), GROUP, name)
  for (const id of ids) await client.xadd(ended(), '*', 'id', id)
  if (ids.length > 0) {
    await client.xreadgroup('GROUP', GROUP, name, 'COUNT', ids.length, 'STREAMS', ended(), '>')
  }
}

/** A server that has seen to an end. */
async function seeing(endings: QueueOptions['endings'] = {}) {
  const seen: string[] = []
  const onRun: QueueOptions['onRun'] = ({ outcome }) => void seen.push(outcome.id)
  const parts = cluster.server({}, { onRun, endings })
  cluster.worker()
  const see = async (id: string) => {
    await parts.asyncRuns.submit([{ id, request: program('x # now'), origin: asKey('one') }])
    await expect.poll(() => seen, { timeout: 10_000 }).toContain(id)
  }
  await see('run-first')
  return { parts, see }
}

describe('consumers of servers that are gone', () => {
  it('go, and a server that had nothing to do for as long goes on', async () => {
    const one = await seeing({ goneMs: 1000 })
    for (const n of [1, 2, 3]) await lost(`lost-${n}`)
    expect((await consumers()).size).toBe(4)
    await expect.poll(async () => (await consumers()).size, { timeout: 20_000 }).toBe(0)
    await one.see('run-later')
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
    await lost('lost')
    await queue.redis.xreadgroup('GROUP', GROUP, 'lost', 'COUNT', 10, 'STREAMS', ended(), '>')
    // Redis may have handed one to the first server, before it saw that its connection is closed.
    await queue.redis.xautoclaim(ended(), GROUP, 'lost', 0, '0')
    expect((await consumers()).get('lost')).toBe(3)
    // Gone long before anybody takes over what it had.
    const endings = { goneMs: 500, takeOverMs: 6000 }
    const onRun = ({ outcome }: { outcome: { id: string } }) => void seen.push(outcome.id)
    cluster.server({}, { onRun, endings })
    await expect.poll(() => seen.toSorted(), { timeout: 20_000 }).toEqual(ids)
    await expect.poll(async () => (await consumers()).has('lost'), { timeout: 10_000 }).toBe(false)
    expect(await queue.redis.xlen(ended())).toBe(0)
  })

  it('go at once where a server ends by itself', async () => {
    const one = await seeing()
    expect((await consumers()).size).toBe(1)
    await one.parts.close()
    await expect.poll(async () => (await consumers()).size, { timeout: 5000 }).toBe(0)
  })
})
