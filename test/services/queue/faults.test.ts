// What becomes of runs when machines, networks and Redis fail: each gets one answer, and a true one.

import { randomUUID } from 'node:crypto'
import { Worker as BullWorker, type Job } from 'bullmq'
import { afterAll, beforeAll, describe, it, type TestContext } from 'vitest'
import { BEFORE_ALL } from '../../../src/async-runs/async-runs.ts'
import { connectToWait } from '../../../src/queue/connection.ts'
import { Hub } from '../../../src/queue/hub.ts'
import { bullPrefix, queueName } from '../../../src/queue/jobs.ts'
import { QueueExecutor } from '../../../src/queue/queue-executor.ts'
import { foundRun, parsed } from '../../support/async-runs-harness.ts'
import { network } from '../../support/cut.ts'
import { gathering, hearing, noting } from '../../support/execution-events.ts'
import { redisService, type Service } from '../../support/services.ts'
import { type StubProcess, startStub, type Told } from '../../support/stub-process.ts'
import { asKey, type Cluster, going, program, startCluster } from './cluster.ts'

let redis: Service
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())

type Context = Pick<TestContext, 'onTestFinished' | 'expect'>

/** A server, and worker processes that all tell in one list. */
function start({ onTestFinished, expect }: Context, url = redis.url) {
  const cluster: Cluster = startCluster(url, { ENVIRONMENTS: 'python' })
  const told: Told[] = []
  const stubs: StubProcess[] = []
  onTestFinished(async () => {
    await Promise.all(stubs.map((stub) => stub.kill('SIGKILL')))
    await cluster.close()
  })
  const stub = async (settings: Record<string, string> = {}, through = url) => {
    const started = await startStub(through, cluster.config.QUEUE_PREFIX, settings, told)
    stubs.push(started)
    return started
  }
  const server = cluster.server()
  const begun = (id: string, times = 1) =>
    expect
      .poll(() => told.filter((one) => one.what === 'start' && one.id === id).length, {
        timeout: 30_000,
      })
      .toBeGreaterThanOrEqual(times)
  return { cluster, server, stub, told, begun }
}

const portOf = (url: string) => Number(new URL(url).port)

/** The same with a Redis of its own, and one worker. */
async function startOwn(context: Context, options: { isKept?: boolean } = {}) {
  const own = await redisService(options)
  context.onTestFinished(() => own.remove())
  const started = start(context, own.url)
  await started.stub()
  return { ...started, own }
}

const LOST = {
  code: 'unavailable',
  message: 'The machine that ran the program was lost before it ended; nothing is known of it',
}

describe.concurrent('a worker that is killed', () => {
  it('ends its run as unavailable, within twenty seconds', async ({ onTestFinished, expect }) => {
    const { server, stub, begun } = start({ onTestFinished, expect })
    const worker = await stub()
    const id = randomUUID()
    const outcome = server.executor.run(program('x # ms: 60000'), going({ id }))
    await begun(id)
    const killedAtMs = performance.now()
    await Promise.all([worker.kill('SIGKILL'), expect(outcome).rejects.toMatchObject(LOST)])
    expect(performance.now() - killedAtMs).toBeLessThan(20_000)
  })

  it('has its run done by another one where the request says so, and the output begins again', async ({
    onTestFinished,
    expect,
  }) => {
    const { server, stub, begun, told } = start({ onTestFinished, expect })
    const first = await stub()
    const id = randomUUID()
    const seen: string[] = []
    const outcome = server.executor.run(
      program('x # ms: 1500', { retry: true }),
      going({ id, ...noting(seen) }),
    )
    await begun(id)
    await expect.poll(() => seen, { timeout: 5000 }).toHaveLength(4)
    await first.kill('SIGKILL')
    await stub()
    expect(await outcome).toMatchObject({ output: 'x # ms: 1500', id })
    const output = 'stdout x # ms: 1500\n'
    expect(seen).toEqual(['charged', 'admitted', 'started', output, 'restart', output])
    expect(told.map(({ what }) => what)).toEqual(['start', 'start', 'end'])
  })

  it('is not followed by more than three by the same program', async ({
    onTestFinished,
    expect,
  }) => {
    const { server, stub, cluster, told } = start({ onTestFinished, expect })
    const id = randomUUID()
    const workers = await Promise.all([stub(), stub(), stub(), stub()])
    const outcome = server.executor.run(program('x # crash', { retry: true }), going({ id }))
    await expect(outcome).rejects.toMatchObject(LOST)
    expect(told.filter((one) => one.id === id)).toHaveLength(3)
    expect(workers.filter(({ process }) => process.signalCode === null)).toHaveLength(1)
    expect(await server.executor.run(program('y'), going())).toMatchObject({ output: 'y' })
    expect(await cluster.queue.redis.zcard(cluster.queue.key('live'))).toBe(0)
  }, 60_000)
})

describe.concurrent('a worker that is asked to end', () => {
  it('takes no more, and lets what runs end', async ({ onTestFinished, expect }) => {
    const { server, stub, begun } = start({ onTestFinished, expect })
    const worker = await stub()
    const id = randomUUID()
    const outcome = server.executor.run(program('x # ms: 1500'), going({ id }))
    await begun(id)
    const ended = worker.kill('SIGTERM')
    const next = server.executor.run(program('y'), going())
    expect(await outcome).toMatchObject({ output: 'x # ms: 1500' })
    await ended
    await stub()
    expect(await next).toMatchObject({ output: 'y' })
  })

  it.for([
    [false, 'is unavailable'],
    [true, 'is run by another one'],
  ] as const)(
    'stops what does not end in time; with retry: %s it %s',
    async ([retry], { onTestFinished, expect }) => {
      const { server, stub, begun, told } = start({ onTestFinished, expect })
      const worker = await stub({ STUB_DRAIN_MS: '300' })
      const id = randomUUID()
      const outcome = server.executor.run(program('x # ms: 5000', { retry }), going({ id }))
      await begun(id)
      if (!retry) {
        await Promise.all([
          worker.kill('SIGTERM'),
          expect(outcome).rejects.toMatchObject({
            code: 'unavailable',
            message: 'The machine that ran the program was stopped before it ended',
          }),
        ])
        return
      }
      await stub()
      await worker.kill('SIGTERM')
      expect(await outcome).toMatchObject({ output: 'x # ms: 5000' })
      expect(told.map(({ what }) => what)).toEqual(['start', 'stop', 'start', 'end'])
    },
  )
})

describe.concurrent('Redis', () => {
  it('may be restarted with what it had: the run goes on', async ({ onTestFinished, expect }) => {
    const { own, server, begun } = await startOwn({ onTestFinished, expect }, { isKept: true })
    const id = randomUUID()
    const outcome = server.executor.run(program('x # ms: 4000'), going({ id, isFollowed: true }))
    await begun(id)
    await own.stop()
    await own.start()
    expect(await outcome).toMatchObject({ output: 'x # ms: 4000' })
    expect(await server.executor.run(program('y'), going())).toMatchObject({ output: 'y' })
  })

  it('may come back empty: the run is unavailable, and the next one is not', async ({
    onTestFinished,
    expect,
  }) => {
    const { own, server, begun } = await startOwn({ onTestFinished, expect })
    const id = randomUUID()
    const outcome = server.executor.run(program('x # ms: 30000'), going({ id }))
    await begun(id)
    const seen = expect(outcome).rejects.toMatchObject({ code: 'unavailable' })
    await own.stop('SIGKILL')
    await own.start()
    await seen
    expect(await server.executor.run(program('y'), going())).toMatchObject({ output: 'y' })
  })

  it('may be away: programs are unavailable at once, those that wait soon after', async ({
    onTestFinished,
    expect,
  }) => {
    const { own, server, begun } = await startOwn({ onTestFinished, expect })
    const id = randomUUID()
    const outcome = server.executor.run(program('x # ms: 60000'), going({ id }))
    await begun(id)
    const seen = expect(outcome).rejects.toMatchObject({ code: 'unavailable' })
    await own.stop('SIGKILL')
    const askedAtMs = performance.now()
    await expect(server.executor.run(program('y'), going())).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(performance.now() - askedAtMs).toBeLessThan(5000)
    await seen
    expect(performance.now() - askedAtMs).toBeLessThan(22_000)
  }, 40_000)
})

describe.concurrent('a reader of events', () => {
  it('who comes while Redis is away hears so', async ({ onTestFinished, expect }) => {
    const own = await redisService()
    onTestFinished(() => own.remove())
    const { server } = start({ onTestFinished, expect }, own.url)
    const id = randomUUID()
    await server.asyncRuns.submit([{ id, request: program('x'), origin: asKey('one') }])
    await own.stop('SIGKILL')
    const events = server.asyncRuns.events(id, BEFORE_ALL, new AbortController().signal)
    const next = events[Symbol.asyncIterator]().next()
    await expect(next).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe.concurrent('a Redis that can’t be written', () => {
  async function own(context: Context) {
    const service = await redisService()
    context.onTestFinished(() => service.remove())
    const started = start(context, service.url)
    const set = (name: string, value: string) =>
      started.cluster.queue.redis.config('SET', name, value)
    return { ...started, set }
  }

  it('because its memory is full takes no more, and loses nothing of what runs', async (context) => {
    const { expect } = context
    const { server, stub, begun, set } = await own(context)
    const worker = await stub()
    const [id, other] = [randomUUID(), randomUUID()]
    const seen: string[] = []
    const outcome = server.executor.run(
      program('x # ms: 12000'),
      going({ id, ...gathering((text) => seen.push(text)) }),
    )
    await begun(id)
    await server.asyncRuns.submit([
      { id: other, request: program('z # ms: 60000'), origin: asKey('one') },
    ])
    await begun(other)
    await set('maxmemory', '1')
    const refused = { code: 'unavailable' }
    await expect(server.executor.run(program('y'), going())).rejects.toMatchObject(refused)
    const late = { id: randomUUID(), request: program('z'), origin: asKey('one') }
    await expect(server.asyncRuns.submit([late])).rejects.toMatchObject(refused)
    expect(await server.asyncRuns.find(late.id)).toBe(undefined)
    expect(parsed(await server.asyncRuns.cancel(other))).toMatchObject({ state: 'cancelled' })
    expect(await outcome).toMatchObject({ output: 'x # ms: 12000' })
    expect(seen).toEqual(['x # ms: 12000\n'])
    await set('maxmemory', '0')
    expect(await server.executor.run(program('y'), going())).toMatchObject({ output: 'y' })
    expect(worker.process.exitCode).toBe(null)
  }, 60_000)

  it('because its memory is full says of a lost run that it is', async (context) => {
    const { server, stub, begun, set } = await own(context)
    const worker = await stub()
    const id = randomUUID()
    const outcome = server.executor.run(program('x # ms: 60000'), going({ id }))
    await begun(id)
    await set('maxmemory', '1')
    await Promise.all([worker.kill('SIGKILL'), context.expect(outcome).rejects.toMatchObject(LOST)])
  })

  it('for another reason keeps nobody waiting for ever', async (context) => {
    const { expect } = context
    const { cluster, set, stub, begun } = await own(context)
    const { queue } = cluster
    const hub = new Hub(connectToWait(cluster.config.REDIS_URL), queue.key(''))
    context.onTestFinished(() => hub.close())
    const limits = { maxBytes: 2 ** 20, maxQueued: 10, waitMs: 1000, ttlMs: 1000 }
    const executor = new QueueExecutor({ queue, hub, limits }, 2000)
    const worker = await stub()
    const id = randomUUID()
    const lasting = program('x # ms: 60000', { timeoutSeconds: 1 })
    const outcome = executor.run(lasting, going({ id }))
    const seen = expect(outcome).rejects.toMatchObject({ code: 'unavailable' })
    await begun(id)
    await set('min-replicas-to-write', '1')
    await worker.kill('SIGKILL')
    await seen
  })
})

describe.concurrent('a network that is cut', () => {
  it('between server and Redis for two seconds costs no run its answer', async ({
    onTestFinished,
    expect,
  }) => {
    const net = await network(portOf(redis.url))
    onTestFinished(() => net.close())
    const { cluster, stub, begun } = start({ onTestFinished, expect })
    const server = cluster.server({ REDIS_URL: `redis://127.0.0.1:${net.port}` })
    await stub()
    const id = randomUUID()
    const outcome = server.executor.run(program('x # ms: 1000'), going({ id, isFollowed: true }))
    await begun(id)
    net.cut()
    await new Promise((resolve) => setTimeout(resolve, 2000))
    net.mend()
    expect(await outcome).toMatchObject({ output: 'x # ms: 1000' })
  })

  it('between worker and Redis: the worker stops its run before another one may begin it', async ({
    onTestFinished,
    expect,
  }) => {
    const net = await network(portOf(redis.url))
    onTestFinished(() => net.close())
    const { server, stub, begun, told } = start({ onTestFinished, expect })
    await stub({}, `redis://127.0.0.1:${net.port}`)
    const id = randomUUID()
    const outcome = server.executor.run(program('x # ms: 60000', { retry: true }), going({ id }))
    await begun(id)
    await stub()
    net.cut()
    await begun(id, 2)
    void outcome.catch(() => {})
    const [first, stop, second] = told
    expect(told.map(({ what }) => what)).toEqual(['start', 'stop', 'start'])
    expect([first?.id, stop?.id, second?.id]).toEqual([id, id, id])
    expect((second?.atMs ?? 0) - (stop?.atMs ?? 0)).toBeGreaterThan(1000)
  })
})

describe.concurrent('connections that somebody on the way has forgotten', () => {
  it('of a server are made anew', async ({ onTestFinished, expect }) => {
    const net = await network(portOf(redis.url))
    onTestFinished(() => net.close())
    const { cluster, stub } = start({ onTestFinished, expect })
    const server = cluster.server({ REDIS_URL: `redis://127.0.0.1:${net.port}` })
    await stub()
    expect(await server.executor.run(program('x'), going())).toMatchObject({ output: 'x' })
    net.forget()
    const run = () => server.executor.run(program('y'), going()).catch(({ code }) => code)
    await expect.poll(run, { timeout: 25_000 }).toMatchObject({ output: 'y' })
    // Whoever waits hears at once of what happens, not when he looks.
    let isStarted = false
    const started = hearing('started', () => {
      isStarted = true
    })
    const outcome = server.executor.run(program('z # ms: 1500'), going(started))
    await expect.poll(() => isStarted, { timeout: 1000 }).toBe(true)
    await outcome
  })

  it('of a worker are made anew', async ({ onTestFinished, expect }) => {
    const net = await network(portOf(redis.url))
    onTestFinished(() => net.close())
    const { server, stub } = start({ onTestFinished, expect })
    await stub({}, `redis://127.0.0.1:${net.port}`)
    expect(await server.executor.run(program('x'), going())).toMatchObject({ output: 'x' })
    net.forget()
    expect(await server.executor.run(program('y'), going())).toMatchObject({ output: 'y' })
  })
})

describe.concurrent('clocks', () => {
  it('may be wrong: it does not matter what time it is on which machine', async ({
    onTestFinished,
    expect,
  }) => {
    const { server, stub } = start({ onTestFinished, expect })
    await stub({ STUB_CLOCK_SHIFT_MS: '3600000' })
    await stub({ STUB_CLOCK_SHIFT_MS: '-3600000' })
    const runs = Array.from({ length: 12 }, (_, n) =>
      server.executor.run(program(`${n}`, { retry: true }), going({ origin: asKey('one') })),
    )
    expect((await Promise.all(runs)).map(({ output }) => output)).toEqual(
      Array.from({ length: 12 }, (_, n) => `${n}`),
    )
  })
})

describe.concurrent('what somebody else put into Redis', () => {
  it('keeps nobody from working', async ({ onTestFinished, expect }) => {
    const { cluster, server, stub } = start({ onTestFinished, expect })
    const { queue } = cluster
    const bull = queue.jobs.queues.get('python')
    await bull?.add('run', { id: 'nobody', attempt: 0 })
    await bull?.add('run', 'garbage')
    await bull?.add('run', null)
    await queue.redis.lpush(queue.key('bull:runs-python:wait'), 'a job that is not there')
    await bull?.add('something', { id: { not: 'a name' }, attempt: -1 })
    await queue.redis.hset(queue.key('run:broken'), { state: 'queued', attempt: 0, request: '{' })
    await bull?.add('run', { id: 'broken', attempt: 0 })
    await stub()
    expect(await server.executor.run(program('y'), going())).toMatchObject({ output: 'y' })
    await expect.poll(() => bull?.getJobCounts('wait', 'active')).toEqual({ wait: 0, active: 0 })
  })
})

describe.concurrent('a run in Redis that is none of ours', () => {
  it('keeps nobody from hearing of lost ones', async ({ onTestFinished, expect }) => {
    const { cluster, server, stub, begun } = start({ onTestFinished, expect })
    const { queue } = cluster
    for (const state of ['running', 'queued', 'parked', 'something else']) {
      await queue.redis.hset(queue.key(`run:${state}`), { state })
      await queue.redis.zadd(queue.key('live'), 1, state)
    }
    const worker = await stub()
    const id = randomUUID()
    const outcome = server.executor.run(program('x # ms: 60000'), going({ id }))
    await begun(id)
    await Promise.all([worker.kill('SIGKILL'), expect(outcome).rejects.toMatchObject(LOST)])
    await expect.poll(() => queue.redis.zcard(queue.key('live'))).toBe(0)
  })
})

describe.concurrent('a run that vanished from Redis', () => {
  it('is not counted for ever: its client has its memory again', async ({
    onTestFinished,
    expect,
  }) => {
    const { cluster, server, stub } = start({ onTestFinished, expect })
    const { queue } = cluster
    const submit = (id: string) =>
      server.asyncRuns.submit([{ id, request: program('x'), origin: asKey('one') }])
    const [lost, kept] = [randomUUID(), randomUUID()]
    await submit(lost)
    await submit(kept)
    const bytes = async () => (await queue.bytes()).unfinished
    const both = await bytes()
    await queue.redis.del(queue.key(`run:${lost}`))
    await stub({ STUB_SLOTS: '1', STUB_MS: '60000' }) // it sweeps
    await expect.poll(bytes, { timeout: 10_000 }).toBe(both / 2)
    const waiting = async () => [
      await queue.redis.hlen(queue.key('line:async')),
      await queue.redis.zcard(queue.key('line:by:async')),
    ]
    await expect.poll(waiting, { timeout: 10_000 }).toEqual([0, 0])
  })
})

describe.concurrent('a job that is lost from the queue', () => {
  it('is queued again where nobody waits for the run, and else fails', async ({
    onTestFinished,
    expect,
  }) => {
    const { cluster, server, stub } = start({ onTestFinished, expect })
    const { queue } = cluster
    const id = randomUUID()
    await server.asyncRuns.submit([{ id, request: program('x'), origin: asKey('one') }])
    const outcome = server.executor.run(program('y'), going())
    const seen = expect(outcome).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The queue lost the program before it ran; try again',
    })
    const live = () => queue.redis.zcard(queue.key('live'))
    await expect.poll(live).toBe(2)
    await queue.jobs.queues.get('python')?.obliterate({ force: true })
    await seen
    await stub()
    await expect
      .poll(async () => (await foundRun(server.asyncRuns, id))?.state, { timeout: 10_000 })
      .toBe('finished')
  })
})

describe.concurrent('a synchronous run that another one’s end lets in', () => {
  it('is queued also where whoever told of that end is lost just then', async ({
    onTestFinished,
    expect,
  }) => {
    const { cluster, server, stub } = start({ onTestFinished, expect })
    const { queue } = cluster
    const origin = asKey('narrow', { maxConcurrent: 1 })
    const id = randomUUID()
    await server.asyncRuns.submit([{ id, request: program('x'), origin }])
    const outcome = server.executor.run(program('y'), going({ origin }))
    await expect.poll(() => queue.redis.llen(queue.key('parked:key:narrow'))).toBe(1)
    queue.jobs.enqueue = () => Promise.reject(new Error('it is lost'))
    const refusal = { code: 'cancelled', error: 'The run was cancelled' } as const
    // The end is written down, and told as such.
    expect(await queue.end(id, { state: 'cancelled', refusal })).toBe(true)
    expect(await queue.redis.llen(queue.key('parked:key:narrow'))).toBe(0)
    await stub()
    expect(await outcome).toMatchObject({ output: 'y' })
  })
})

describe.concurrent('a job whose taker dies before he starts the run', () => {
  /** Takes the next job, and does nothing with it. */
  async function takeOne({ cluster }: ReturnType<typeof start>, then?: 'complete') {
    const source = new BullWorker(queueName('python'), null, {
      connection: { url: redis.url, maxRetriesPerRequest: null },
      prefix: bullPrefix(cluster.config.QUEUE_PREFIX),
      lockDuration: 120_000,
    })
    let job: Job | undefined
    while (!job) job = await source.getNextJob('somebody', { block: true })
    if (then === 'complete') await job.moveToCompleted(null, 'somebody', false)
    await source.close(true)
  }

  it.for([
    ['synchronous', undefined],
    ['asynchronous', undefined],
    ['asynchronous', 'complete'],
  ] as const)('is queued again: %s, %s', async ([kind, then], { onTestFinished, expect }) => {
    const started = start({ onTestFinished, expect })
    const { server, stub, told } = started
    const id = randomUUID()
    const answer =
      kind === 'synchronous'
        ? server.executor.run(program('x'), going({ id }))
        : server.asyncRuns.submit([{ id, request: program('x'), origin: asKey('one') }])
    await takeOne(started, then)
    await stub()
    await expect
      .poll(() => told.filter((one) => one.id === id).map(({ what }) => what), { timeout: 20_000 })
      .toEqual(['start', 'end'])
    if (kind === 'synchronous') expect(await answer).toMatchObject({ output: 'x' })
    else {
      const state = async () => (await foundRun(server.asyncRuns, id))?.state
      await expect.poll(state, { timeout: 5000 }).toBe('finished')
    }
  })
})
