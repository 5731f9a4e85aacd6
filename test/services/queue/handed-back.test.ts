// Runs that a worker gives back: only what can't have begun, for as long as it may wait, and nobody hears of it.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest'
import { BEFORE_ALL } from '../../../src/async-runs/async-runs.ts'
import { resultBound, resultLimits } from '../../../src/queue/result-bound.ts'
import { RunQueue } from '../../../src/queue/run-queue.ts'
import type { Executor } from '../../../src/run/executor.ts'
import { cancelled, unavailable } from '../../../src/run/refusal.ts'
import { foundRun } from '../../support/async-runs-harness.ts'
import { noting } from '../../support/execution-events.ts'
import { redisService, type Service } from '../../support/services.ts'
import { asKey, type Cluster, going, program, startCluster } from './cluster.ts'

let redis: Service
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())

type Context = Pick<TestContext, 'onTestFinished'>

function start({ onTestFinished }: Context, settings: Record<string, string> = {}): Cluster {
  const cluster = startCluster(redis.url, settings)
  onTestFinished(() => cluster.close())
  return cluster
}

/** What becomes of a program that is stopped when it was handed to a container, or before, and has not said that it begins. */
async function stopped(context: Context, isDelivered: boolean) {
  const cluster = start(context)
  const { executor } = cluster.server()
  let begun = () => {}
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve
  })
  const host: Executor = {
    run: (_, { signal, onEvent }) => {
      if (isDelivered) onEvent?.({ type: 'delivery' })
      begun()
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(cancelled(signal)))
      })
    },
  }
  const { worker } = cluster.worker({ executor: host })
  const outcome = executor.run(program('x # now'), going())
  await hasBegun
  const other = cluster.worker()
  await Promise.all([worker.close(0), outcome.catch(() => {})])
  return { outcome, begunElsewhere: () => other.executor.begun.length }
}

it('is what had not reached a container when its worker was stopped', async (context) => {
  const { outcome, begunElsewhere } = await stopped(context, false)
  expect(await outcome).toMatchObject({ output: 'x # now' })
  expect(begunElsewhere()).toBe(1)
})

it('is nothing that a container was given: its program may have begun', async (context) => {
  const { outcome, begunElsewhere } = await stopped(context, true)
  await expect(outcome).rejects.toMatchObject({
    ...{
      code: 'unavailable',
      message: 'The machine that ran the program was stopped before it ended',
    },
  })
  expect(begunElsewhere()).toBe(0)
})

it('waits for as long as it may, also where it was tried before and has waited once', async (context) => {
  const cluster = start(context, { MAX_QUEUED_SECONDS: '4' })
  const { asyncRuns } = cluster.server()
  const { queue } = cluster
  const bound = resultBound(resultLimits(cluster.config))
  const id = randomUUID()
  const request = program('x # now', { retry: true })
  await asyncRuns.submit([{ id, request, origin: asKey('one') }])
  // A worker takes it when it has waited for nearly all of its time, and is lost; somebody sweeps.
  await sleep(3500)
  await queue.start({ id, attempt: 0 }, 'lost', { id: 'lost', leaseMs: 1000, bound })
  const state = () => queue.redis.hget(queue.key(`run:${id}`), 'state')
  await expect.poll(state, { timeout: 10_000 }).toBe('queued')
  const second = await queue.start({ id, attempt: 1 }, 'ends', {
    id: 'ends',
    leaseMs: 60_000,
    bound,
  })
  if (!second || second === 'full') throw new Error('it can’t be started')
  await queue.handBack(second, 'python')
  await sleep(2000) // more than one sweep
  expect((await foundRun(asyncRuns, id))?.state).toBe('queued')
  cluster.worker()
  await expect
    .poll(async () => (await foundRun(asyncRuns, id))?.state, { timeout: 10_000 })
    .toBe('finished')
})

it('begins for the first time elsewhere: nobody is told of a restart', async (context) => {
  const cluster = start(context)
  const { executor, asyncRuns } = cluster.server()
  let unable = 2
  const host: Executor = {
    run: (request, options) => {
      unable -= 1
      if (unable >= 0) return Promise.reject(unavailable(new Error('no engine')))
      return cluster.worker().executor.run(request, options)
    },
  }
  cluster.worker({ executor: host, slots: 1 })
  const seen: string[] = []
  const id = randomUUID()
  const [outcome] = await Promise.all([
    executor.run(program('x # now'), going(noting(seen))),
    asyncRuns.submit([{ id, request: program('y # now'), origin: asKey('one') }]),
  ])
  expect(outcome).toMatchObject({ output: 'x # now' })
  expect(seen.filter((what) => /start/.test(what))).toEqual(['started'])
  await expect
    .poll(async () => (await foundRun(asyncRuns, id))?.state, { timeout: 20_000 })
    .toBe('finished')
  const [started] = await cluster.queue.events(id, BEFORE_ALL)
  expect(started).toMatchObject({ type: 'start', data: '{"attempt":1}' })
  expect(await foundRun(asyncRuns, id)).toMatchObject({ attempts: 1 })
}, 60_000)

it('is queued by whoever finds that it must be, whatever environments he has', async (context) => {
  const cluster = start(context)
  const { asyncRuns } = cluster.server()
  const { REDIS_URL: url, QUEUE_PREFIX: prefix } = cluster.config
  const logger = pino({ level: 'silent' })
  const other = new RunQueue({ url, prefix, environments: ['data'], logger })
  context.onTestFinished(() => other.close())
  const bound = resultBound(resultLimits(cluster.config))
  const origin = asKey('one', { maxConcurrent: 1 })
  const [first, parked, waits] = ['data', 'python', 'python'].map((environment, n) => ({
    ...{ id: randomUUID(), origin: n === 2 ? asKey('other') : origin },
    request: program(`${n} # now`, { environment }),
  }))
  if (!first || !parked || !waits) throw new Error('three were made')
  await asyncRuns.submit([first, parked])
  await asyncRuns.submit([waits])
  const jobs = cluster.queue.jobs.queues.get('python')
  expect(await jobs?.getJobCountByTypes('wait', 'prioritized')).toBe(1)
  // The end of one lets another one in, and one that is cancelled needs no job any more.
  const run = await other.start({ id: first.id, attempt: 0 }, 'token', {
    ...{ id: 'worker', leaseMs: 60_000, bound },
  })
  if (!run || run === 'full') throw new Error('it can’t be started')
  const refusal = { code: 'internal' as const, error: '' }
  await other.finish(run, { state: 'failed', refusal })
  expect(await jobs?.getJobCountByTypes('wait', 'prioritized')).toBe(2)
  await other.end(waits.id, { state: 'cancelled', refusal })
  expect(await jobs?.getJobCountByTypes('wait', 'prioritized')).toBe(1)
  cluster.worker()
  await expect
    .poll(async () => (await foundRun(asyncRuns, parked.id))?.state, { timeout: 10_000 })
    .toBe('finished')
})

it('leaves no job behind when nobody takes it in time', async (context) => {
  const cluster = start(context, { MAX_QUEUED_SECONDS: '1' })
  const { asyncRuns } = cluster.server()
  const runs = [1, 2, 3].map((n) => ({
    ...{ id: randomUUID(), request: program(`${n}`), origin: asKey('one') },
  }))
  await asyncRuns.submit(runs)
  const jobs = cluster.queue.jobs.queues.get('python')
  expect(await jobs?.getJobCountByTypes('wait', 'prioritized')).toBe(3)
  await expect
    .poll(() => jobs?.getJobCountByTypes('wait', 'prioritized'), { timeout: 10_000 })
    .toBe(0)
})

it('is looked at without its program: an answer of 400 bytes fetches no megabyte', async (context) => {
  const own = await redisService()
  context.onTestFinished(() => own.remove())
  const cluster = startCluster(own.url)
  context.onTestFinished(() => cluster.close())
  const { asyncRuns } = cluster.server()
  const { queue } = cluster
  const runs = [1, 2].map(() => ({
    ...{ id: randomUUID(), origin: asKey('one') },
    request: program('x', { stdin: 'x'.repeat(2 ** 20) }),
  }))
  const sent = async () => {
    const info = await queue.redis.info('stats')
    return Number(info.match(/total_net_output_bytes:(\d+)/)?.[1])
  }
  const before = await sent()
  await asyncRuns.submit(runs)
  for (const { id } of runs) expect((await foundRun(asyncRuns, id))?.state).toBe('queued')
  expect((await sent()) - before).toBeLessThan(500_000)
})
