// What runs take in Redis: what may come of them has room before they start, and what has come never goes beyond that.

import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it, type TestContext } from 'vitest'
import { resultBound, resultLimits } from '../../../src/queue/result-bound.ts'
import { foundRun } from '../../support/async-runs-harness.ts'
import { gathering, output } from '../../support/execution-events.ts'
import { largestResults } from '../../support/queue-results.ts'
import { redisService, type Service } from '../../support/services.ts'
import { asKey, type Cluster, going, program, startCluster } from './cluster.ts'

const MEBIBYTE = 2 ** 20

let redis: Service
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())

function start(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  settings: Record<string, string> = {},
): Cluster {
  const cluster = startCluster(redis.url, settings)
  onTestFinished(() => cluster.close())
  return cluster
}

/** Limits of a worker with which a run is promised about a megabyte. */
const SMALL = { MAX_OUTPUT_BYTES: '40000', MAX_OUTPUT_FILES_BYTES: '1' }

it('is never more than it may be, whatever programs leave', async ({ onTestFinished }) => {
  const own = await redisService({ maxMemoryBytes: 256 * MEBIBYTE })
  onTestFinished(() => own.remove())
  const cluster = startCluster(own.url, {
    ...{ ENVIRONMENTS: 'python', MAX_RESULTS_MB: '128', MAX_WAIT_SECONDS: '300' },
  })
  onTestFinished(() => cluster.close())
  const { asyncRuns: runs, executor } = cluster.server()
  const { config, queue } = cluster
  const report = await largestResults({
    ...{ runs, executor, queue, url: own.url, prefix: config.QUEUE_PREFIX },
    ...{ count: 24, waitedFor: 8, processes: 2, slots: 16 },
  })
  expect(report.ends).toEqual({ finished: 24, 'waited for: ok': 8 })
  expect(report.refused).toBe(0)
  expect(report.peakBytes).toBeLessThan(report.maxBytes)
  expect(report.reservedBytes).toBe(0)
}, 300_000)

it('has room for what may come of a run before it starts, and until then it waits', async (context) => {
  const cluster = start(context, { MAX_RESULTS_MB: '4', ...SMALL })
  const { asyncRuns } = cluster.server()
  const { executor, worker } = cluster.worker({ slots: 8 })
  const bound = resultBound(resultLimits(cluster.config))
  const each = bound.endBytes + bound.eventsBytes
  const fits = Math.floor((0.75 * 4 * MEBIBYTE) / each)
  expect(fits).toBeGreaterThan(1)
  const runs = Array.from({ length: fits + 2 }, (_, n) => ({
    ...{ id: randomUUID(), request: program(`${n}`), origin: asKey('one') },
  }))
  await asyncRuns.submit(runs)
  await expect.poll(() => executor.begun.length, { timeout: 10_000 }).toBe(fits)
  await expect.poll(() => cluster.queue.bytes()).toMatchObject({ reserved: fits * each })
  // Nobody is in a hurry: what has no room is looked at now and then, not all the time.
  const calls = async () => {
    const info = await cluster.queue.redis.info('commandstats')
    return Number(info.match(/cmdstat_evalsha:calls=(\d+)/)?.[1])
  }
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const before = await calls()
  await new Promise((resolve) => setTimeout(resolve, 4000))
  expect((await calls()) - before).toBeLessThan(4 * 40)
  expect(executor.begun).toHaveLength(fits)
  // They are queued, as far as anybody can tell.
  expect((await foundRun(asyncRuns, runs.at(-1)?.id ?? ''))?.state).toBe('queued')
  for (const { end } of [...executor.begun]) end()
  await expect.poll(() => executor.begun.length, { timeout: 10_000 }).toBe(fits + 2)
  for (const { end } of executor.begun.slice(fits)) end()
  for (const { id } of runs) {
    await expect
      .poll(async () => (await foundRun(asyncRuns, id))?.state, { timeout: 10_000 })
      .toBe('finished')
  }
  await expect.poll(() => cluster.queue.bytes()).toMatchObject({ reserved: 0, unfinished: 0 })
  await expect.poll(() => worker.running).toBe(0)
}, 60_000)

it('promises less to a run of which nobody follows the output, and that asks for no files', async (context) => {
  const cluster = start(context)
  const { executor } = cluster.server()
  const host = cluster.worker({ slots: 1 })
  const { endBytes, filesBytes, eventsBytes } = resultBound(resultLimits(cluster.config))
  for (const [code, files, follows, bytes] of [
    ['plain', [], false, endBytes],
    ['files', ['*'], false, endBytes + filesBytes],
    ['followed "outputFiles":[]', ['*'], true, endBytes + filesBytes + eventsBytes],
  ] as const) {
    const options = going(follows ? { isFollowed: true } : {})
    const outcome = executor.run(program(code, { outputFiles: [...files] }), options)
    const begun = await host.executor.program(code)
    expect(await cluster.queue.bytes()).toMatchObject({ reserved: bytes })
    begun.end()
    await outcome
    expect(await cluster.queue.bytes()).toMatchObject({ reserved: 0 })
  }
})

it('is given back however a run leaves its worker', async (context) => {
  const cluster = start(context, { MAX_WAIT_SECONDS: '30' })
  const { asyncRuns } = cluster.server()
  const { queue } = cluster
  const bound = resultBound(resultLimits(cluster.config))
  const reserved = async () => (await queue.bytes()).reserved
  /** Has a worker start a run whose lease is over soon. */
  const started = async (retry: boolean, leaseMs = 60_000) => {
    const id = randomUUID()
    await asyncRuns.submit([{ id, request: program('x', { retry }), origin: asKey('one') }])
    const run = await queue.start({ id, attempt: 0 }, id, { id: 'somebody', leaseMs, bound })
    if (!run || run === 'full') throw new Error('it can’t be started')
    if (leaseMs > 1) expect(await reserved()).toBeGreaterThan(0)
    return run
  }
  const finished = await started(false)
  await queue.append(finished, 1, [{ type: 'stdout', data: { text: 'x' } }])
  const refusal = { code: 'internal' as const, error: '' }
  await queue.finish(finished, { state: 'failed', refusal })
  expect(await reserved()).toBe(0)
  await queue.end((await started(false)).id, { state: 'cancelled', refusal })
  expect(await reserved()).toBe(0)
  await queue.handBack(await started(false), 'python')
  expect(await reserved()).toBe(0)
  for (const retry of [false, true]) {
    await started(retry, 1)
    await expect.poll(reserved, { timeout: 10_000 }).toBe(0)
  }
  // A run that vanished from Redis keeps nothing.
  const vanished = await started(false)
  await queue.redis.del(queue.key(`run:${vanished.id}`))
  await queue.redis.zrem(queue.key('live'), vanished.id)
  await queue.redis.srem(queue.key('running'), vanished.id)
  await expect.poll(reserved, { timeout: 10_000 }).toBe(0)
})

it('has no room for an end that is longer than was promised: the run has failed', async (context) => {
  const cluster = start(context, SMALL)
  const { executor, asyncRuns } = cluster.server()
  const host = cluster.worker()
  const outcome = executor.run(program('x'), going())
  const seen = expect(outcome).rejects.toMatchObject({ code: 'too_large' })
  ;(await host.executor.program('x')).end({ output: 'x'.repeat(400_000) })
  await seen
  const id = randomUUID()
  await asyncRuns.submit([{ id, request: program('y'), origin: asKey('one') }])
  ;(await host.executor.program('y')).end({ stderr: '\u0001'.repeat(60_000) })
  await expect
    .poll(async () => (await foundRun(asyncRuns, id))?.refusal?.code, { timeout: 10_000 })
    .toBe('too_large')
})

it('counts results until whoever waits for them has them', async (context) => {
  const cluster = start(context)
  const { executor } = cluster.server()
  cluster.worker()
  await executor.run(program(`${'x'.repeat(5000)} # now`), going())
  expect((await cluster.queue.bytes()).kept).toBeGreaterThan(5000)
  await expect.poll(() => cluster.queue.bytes(), { timeout: 10_000 }).toMatchObject({ kept: 0 })
})

it('lets results make way for larger ones when these come, and not for what may come', async (context) => {
  const cluster = start(context, { MAX_RESULTS_MB: '8', MAX_OUTPUT_FILES_BYTES: '1' })
  const { asyncRuns } = cluster.server()
  const host = cluster.worker()
  const submit = async (code: string) => {
    const id = randomUUID()
    await asyncRuns.submit([{ id, request: program(code), origin: asKey(code) }])
    return { id, begun: await host.executor.program(code) }
  }
  const ended = (id: string) =>
    expect
      .poll(async () => (await foundRun(asyncRuns, id))?.state, { timeout: 10_000 })
      .toBe('finished')
  const first = await submit('first')
  first.begun.end({ output: 'x'.repeat(3_000_000) })
  await ended(first.id)
  const second = await submit('second')
  await new Promise((resolve) => setTimeout(resolve, 1500)) // somebody sweeps
  await ended(first.id)
  second.begun.end({ output: 'x'.repeat(3_000_000) })
  await ended(second.id)
  expect(await asyncRuns.find(first.id)).toBe(undefined)
})

it('bounds the events of a program that changes between the streams for every byte', async (context) => {
  const cluster = start(context)
  const { executor } = cluster.server()
  const host = cluster.worker()
  let text = ''
  const outcome = executor.run(program('x'), going(gathering((more) => (text += more))))
  const { request, options, end } = await host.executor.program('x')
  expect(request.code).toBe('x')
  options.onEvent?.({ type: 'started' })
  let written = 0
  const untilMs = performance.now() + 3000
  while (performance.now() < untilMs) {
    for (let n = 0; n < 40; n += 1) options.onEvent?.(output(n % 2 ? 'stdout' : 'stderr', 'x'))
    written += 40
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const { queue } = cluster
  const [id = ''] = await queue.redis.zrange(queue.key('live'), 0, -1)
  const events = await queue.redis.xlen(queue.key(`events:${id}`))
  expect(events).toBeGreaterThan(100)
  expect(events).toBeLessThan(1500)
  const endedAtMs = performance.now()
  end()
  await outcome
  expect(text).toHaveLength(written)
  expect(performance.now() - endedAtMs).toBeLessThan(3000)
})

it('is told in the log where workers have places that it has no room for', async (context) => {
  const cluster = start(context, { MAX_RESULTS_MB: '32' }) // two runs of the default limits, in three quarters of it
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  cluster.server({}, {}, logger)
  cluster.worker({ slots: 2 })
  await expect.poll(() => cluster.queue.workers(), { timeout: 10_000 }).toHaveLength(1)
  cluster.worker({ slots: 3 })
  await expect.poll(() => lines, { timeout: 10_000 }).toHaveLength(1)
  expect(lines[0]).toMatchObject({ places: 5, atOnce: 2, wantedMb: expect.any(Number) })
  // Once, and not each second.
  await new Promise((resolve) => setTimeout(resolve, 2500))
  expect(lines).toHaveLength(1)
})
