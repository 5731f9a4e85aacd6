// Asynchronous runs in Redis: the suite of all of them, over workers.

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { foundRun } from '../../support/async-runs-harness.ts'
import { asyncRunsSuite } from '../../support/async-runs-suite.ts'
import { redisService, type Service } from '../../support/services.ts'
import { asKey, program, startCluster } from './cluster.ts'

let redis: Service
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())

describe('the suite', () => {
  asyncRunsSuite(async (executor, limits) => {
    const cluster = startCluster(redis.url, {
      MAX_QUEUED: String(limits.maxQueued),
      MAX_QUEUED_SECONDS: String(limits.maxQueuedSeconds),
      RESULT_TTL_SECONDS: String(limits.resultTtlSeconds),
      MAX_RESULTS_MB: String(4 * (limits.programMegabytes ?? 0) || limits.maxMegabytes),
    })
    // A result of a megabyte is the largest here: where there are few megabytes there is room for one.
    const settings = {
      MAX_OUTPUT_BYTES: '170000',
      MAX_OUTPUT_FILES_BYTES: '1',
    }
    cluster.worker({ executor, slots: limits.maxRunning, settings })
    return { runs: cluster.server().asyncRuns, close: () => cluster.close() }
  })
})

it('are known to every server, and told to one of them when they end', async () => {
  const cluster = startCluster(redis.url)
  const seen: string[] = []
  const servers = [1, 2, 3].map((n) =>
    cluster.server({}, { onRun: ({ outcome }) => seen.push(`${n} ${outcome.id}`) }),
  )
  cluster.worker({ slots: 4 })
  const ids = Array.from({ length: 20 }, () => randomUUID())
  const runs = ids.map((id) => ({ id, request: program('x # now'), origin: asKey('one') }))
  await servers[0]?.asyncRuns.submit(runs)
  await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(20)
  expect(new Set(seen.map((line) => line.slice(2)))).toEqual(new Set(ids))
  for (const { asyncRuns } of servers) {
    expect((await asyncRuns.find(ids[7] ?? ''))?.owner).toBe('key:one')
    expect(await foundRun(asyncRuns, ids[7] ?? '')).toMatchObject({
      ...{ state: 'finished', result: { output: 'x # now' } },
    })
  }
  await cluster.close()
})

it('are told of before they are let go, even where there is no memory for their results', async ({
  onTestFinished,
}) => {
  const cluster = startCluster(redis.url, { MAX_RESULTS_MB: '1' })
  onTestFinished(() => cluster.close())
  const seen: string[] = []
  const { asyncRuns } = cluster.server({}, { onRun: ({ outcome }) => seen.push(outcome.id) })
  const { executor } = cluster.worker()
  const id = randomUUID()
  await asyncRuns.submit([{ id, request: program('x'), origin: asKey('one') }])
  const begun = await executor.program('x')
  begun.options.onEvent?.({ type: 'started' })
  begun.end({ output: 'x'.repeat(600_000) })
  await expect.poll(() => seen, { timeout: 10_000 }).toEqual([id])
  await expect.poll(() => asyncRuns.find(id), { timeout: 10_000 }).toBe(undefined)
})

it('remember an idempotency key for as long as the run is there, however long it waits', async ({
  onTestFinished,
}) => {
  const cluster = startCluster(redis.url, { RESULT_TTL_SECONDS: '1' })
  onTestFinished(() => cluster.close())
  const { asyncRuns } = cluster.server()
  const post = async () => {
    const run = { id: randomUUID(), request: program('x # now'), origin: asKey('one') }
    return (await asyncRuns.submit([run], { key: 'once', digest: 'digest' }))[0]?.id ?? ''
  }
  const first = await post()
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect(await post()).toBe(first)
  cluster.worker()
  await expect.poll(() => asyncRuns.find(first), { timeout: 10_000 }).toBe(undefined)
  expect(await post()).not.toBe(first)
})
