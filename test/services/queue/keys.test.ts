// Every key in Redis: listed in docs/cluster.md, counted, and gone when it is needed no more.

import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest'
import { resultBound, resultLimits } from '../../../src/queue/result-bound.ts'
import type { Executor } from '../../../src/run/executor.ts'
import { cancelled, unavailable } from '../../../src/run/refusal.ts'
import { pause } from '../../../src/waits/pause.ts'
import { foundRun } from '../../support/async-runs-harness.ts'
import { output } from '../../support/execution-events.ts'
import { redisService, type Service } from '../../support/services.ts'
import { outcome } from '../../unit/support/app.ts'
import { asKey, type Cluster, going, program, startCluster } from './cluster.ts'

const DOCUMENT = new URL('../../../docs/cluster.md', import.meta.url)

let redis: Service
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())

/** What the table of keys lists, and what such keys look like. */
async function listed(): Promise<Map<string, RegExp>> {
  const text = await readFile(DOCUMENT, 'utf8')
  const [, section = ''] = text.split('### Redis: all keys')
  const rows = section.split('\n### ')[0]?.split('\n') ?? []
  const names = rows
    .filter((row) => row.startsWith('| `'))
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)])
    .map(([, name = '']) => name)
  return new Map(names.map((name) => [name, new RegExp(`^${name.replace(/[A-Z]+/g, '.+')}$`)]))
}

/** Programs that say in their code what becomes of them. */
const host: Executor = {
  async run({ code }, { id = '', signal, onEvent }) {
    if (code.includes('unable') && Math.random() < 0.5) throw unavailable(new Error('no engine'))
    onEvent?.({ type: 'delivery' })
    onEvent?.({ type: 'started' })
    onEvent?.(output('stdout', 'output'))
    await pause(code.includes('held') ? 30_000 : 5, signal)
    if (signal.aborted) throw cancelled(signal)
    return outcome({ id, output: code })
  },
}

const keysOf = async ({ queue }: Cluster) => {
  const prefix = queue.key('')
  return (await queue.redis.keys(`${prefix}*`)).map((key) => key.slice(prefix.length))
}

/** A cluster with a server and a worker, until the test is over. */
function begin({ onTestFinished }: Pick<TestContext, 'onTestFinished'>, slots?: number) {
  const cluster = startCluster(redis.url)
  onTestFinished(() => cluster.close())
  const { asyncRuns } = cluster.server()
  cluster.worker({ executor: host, ...(slots && { slots }) })
  return { cluster, asyncRuns, queue: cluster.queue }
}

/** Work of all kinds. Resolves when all of it has ended. */
async function work(
  { asyncRuns, executor }: ReturnType<Cluster['server']>,
  { queue, config }: Cluster,
) {
  const origin = asKey('one', { maxConcurrent: 2 })
  const run = (code: string, more = {}) => ({
    id: randomUUID(),
    request: program(code, more),
    origin,
  })
  const batch = Array.from({ length: 6 }, (_, n) => run(`${n}`, { stdin: 'x'.repeat(1000) }))
  const late = run('late', { environment: 'data' })
  const held = run('held')
  const lost = ['lost', 'lost with retry'].map((code, n) =>
    run(code, { environment: 'data', retry: n === 1 }),
  )
  const stop = new AbortController()
  await asyncRuns.submit(batch, { key: randomUUID(), digest: 'digest' })
  await asyncRuns.submit(
    batch.slice(0, 1).map((one) => ({ ...one, id: randomUUID() })),
    {
      key: randomUUID(),
      digest: 'digest',
    },
  )
  await asyncRuns.submit([held, late, run('unable'), ...lost], {
    key: randomUUID(),
    digest: 'digest',
  })
  // A worker that is lost.
  const bound = resultBound(resultLimits(config))
  for (const { id } of lost) {
    await queue.start({ id, attempt: 0 }, id, { id: 'somebody', leaseMs: 500, bound })
  }
  const waited = [
    executor.run(program('waited for'), going()),
    executor.run(program('followed'), going({ isFollowed: true, origin: asKey('two') })),
    executor.run(program('held'), going({ signal: stop.signal, origin: asKey('two') })),
    executor.run(program('waits', { environment: 'data' }), going({ origin: asKey('two') })),
  ].map((one) => one.catch(() => {}))
  await expect
    .poll(async () => (await foundRun(asyncRuns, held.id))?.state, { timeout: 10_000 })
    .toBe('running')
  await asyncRuns.cancel(held.id)
  stop.abort()
  await Promise.all(waited)
  await expect.poll(() => queue.redis.zcard(queue.key('live')), { timeout: 20_000 }).toBe(0)
}

it('goes when it is needed no more, and is listed in the documentation', async ({
  onTestFinished,
}) => {
  const cluster = startCluster(redis.url, {
    ...{ RESULT_TTL_SECONDS: '1', MAX_QUEUED_SECONDS: '3', MAX_WAIT_SECONDS: '3' },
  })
  onTestFinished(() => cluster.close())
  const server = cluster.server()
  cluster.worker({ executor: host, slots: 3 })
  const { queue } = cluster
  const seen = new Set<string>()
  const looking = setInterval(async () => {
    for (const key of await keysOf(cluster)) seen.add(key)
  }, 20)
  onTestFinished(() => clearInterval(looking))
  // One key each, whatever was done, and sums that are 0; all others have gone, but for those that have a time.
  const sums = ['bytes:async', 'bytes:sync', 'kept:bytes', 'pinned:bytes', 'reserved:bytes']
  const left = async () =>
    (await keysOf(cluster))
      .filter((key) => !/^(bull:|done:|worker:|sweeper$)/.test(key) && !sums.includes(key))
      .sort()
  for (let round = 0; round < 3; round += 1) {
    await work(server, cluster)
    await expect.poll(left, { timeout: 15_000 }).toEqual(['ended', 'max-bytes', 'workers'])
    const values = await queue.redis.mget(sums.map((name) => queue.key(name)))
    expect(values.map(Number)).toEqual(sums.map(() => 0))
    expect(await queue.redis.xlen(queue.key('ended'))).toBe(0)
  }
  // What BullMQ keeps is bounded by what it is told, and no run of ours has a job any more.
  for (const [, bull] of queue.jobs.queues) {
    const waiting = await bull.getJobCountByTypes('wait', 'prioritized', 'active', 'delayed')
    expect(waiting).toBe(0)
  }
  for (const key of await keysOf(cluster)) {
    const hasEnd = (await queue.redis.pttl(queue.key(key))) > 0
    if (/^(done:|sweeper$|worker:)/.test(key)) expect([key, hasEnd]).toEqual([key, true])
  }
  const table = await listed()
  expect(table.size).toBeGreaterThan(20)
  const unlisted = [...seen].filter((key) => ![...table.values()].some((form) => form.test(key)))
  expect(unlisted).toEqual([])
  const unseen = [...table].filter(([, form]) => ![...seen].some((key) => form.test(key)))
  // Webhooks have tests of their own for what they leave: webhook-line.test.ts.
  expect(unseen.map(([name]) => name).filter((name) => !name.includes('hooks'))).toEqual([])
}, 120_000)

it('of an idempotency key goes with the last of its runs, also before its time', async (context) => {
  const { asyncRuns, queue } = begin(context)
  const runs = ['1', '2'].map((code) => ({
    ...{ id: randomUUID(), request: program(code), origin: asKey('one') },
  }))
  await asyncRuns.submit(runs, { key: 'key', digest: 'digest' })
  await expect.poll(() => queue.redis.zcard(queue.key('kept:key:one'))).toBe(2)
  const there = () => queue.redis.exists(queue.key('once:key:one:key'))
  for (const [left, { id }] of [...runs.entries()].reverse()) {
    expect(await there()).toBe(1)
    await queue.forget(id)
    expect(await there()).toBe(Math.sign(left))
  }
})

it('of sums is put right where somebody of an earlier version was there', async (context) => {
  const { asyncRuns, queue } = begin(context)
  const run = { id: randomUUID(), request: program('x'), origin: asKey('one') }
  await asyncRuns.submit([run])
  await expect.poll(() => queue.redis.zcard(queue.key('kept:key:one'))).toBe(1)
  // It handled the end of this run, and removed another one.
  for (const id of [run.id, randomUUID()]) {
    await queue.redis.hset(queue.key('reserved'), id, 1000)
    await queue.redis.incrby(queue.key('reserved:bytes'), 1000)
    await queue.redis.incrby(queue.key('pinned:bytes'), 1000)
  }
  const sums = ['pinned:bytes', 'reserved:bytes'].map((name) => queue.key(name))
  await expect.poll(() => queue.redis.mget(sums), { timeout: 10_000 }).toEqual(['0', '0'])
})

it('of BullMQ is one of the last hundred jobs, however many there were', async (context) => {
  const { cluster, asyncRuns, queue } = begin(context, 8)
  const runs = Array.from({ length: 400 }, (_, n) => ({
    ...{ id: randomUUID(), request: program(`${n}`), origin: asKey(`${n % 20}`) },
  }))
  await asyncRuns.submit(runs)
  await expect.poll(() => queue.redis.zcard(queue.key('live')), { timeout: 30_000 }).toBe(0)
  const jobs = async () => (await keysOf(cluster)).filter((key) => /:[0-9a-f-]{36}-\d+/.test(key))
  await expect.poll(async () => (await jobs()).length, { timeout: 10_000 }).toBe(100)
  // Redis trims a stream by whole nodes of a hundred entries.
  expect(await queue.redis.xlen(queue.key('bull:runs-python:events'))).toBeLessThan(300)
}, 60_000)

it('is counted: what runs take is no more than the estimate of it', async ({ onTestFinished }) => {
  const cluster = startCluster(redis.url)
  onTestFinished(() => cluster.close())
  const { asyncRuns } = cluster.server()
  const { queue } = cluster
  const taken = async () => {
    const sizes = (await keysOf(cluster))
      .filter((key) => !/^bull:.*:(events|completed)$/.test(key))
      .map((key) => queue.redis.memory('USAGE', queue.key(key), 'SAMPLES', 0))
    return (await Promise.all(sizes)).reduce<number>((sum, size) => sum + (size ?? 0), 0)
  }
  const idle = await taken()
  const codes = [10, 1000, 20_000, 200_000].map((length) => `#${'x'.repeat(length)}`)
  const runs = Array.from({ length: 40 }, (_, n) => ({
    ...{ id: randomUUID(), request: program(codes[n % 4] ?? ''), origin: asKey(`${n % 3}`) },
  }))
  for (const run of runs) {
    await asyncRuns.submit([run], { key: `${run.id}${'k'.repeat(200)}`, digest: 'd'.repeat(64) })
  }
  const { unfinished } = await queue.bytes()
  expect((await taken()) - idle).toBeLessThan(1.25 * unfinished)
  cluster.worker({ executor: host, slots: 8 })
  await expect.poll(() => queue.redis.zcard(queue.key('live')), { timeout: 30_000 }).toBe(0)
  await expect.poll(() => queue.redis.xlen(queue.key('ended')), { timeout: 10_000 }).toBe(0)
  const { kept } = await queue.bytes()
  const results = (await keysOf(cluster)).filter((key) => /^(run|events|once):/.test(key))
  const sizes = results.map((key) => queue.redis.memory('USAGE', queue.key(key), 'SAMPLES', 0))
  const bytes = (await Promise.all(sizes)).reduce<number>((sum, size) => sum + (size ?? 0), 0)
  expect(results).toHaveLength(120)
  expect(bytes).toBeLessThan(1.25 * kept)
  expect(bytes).toBeGreaterThan(kept / 3)
}, 60_000)
