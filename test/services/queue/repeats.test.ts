// Scripts that are called again, and answers that get lost: what the second call does, and what becomes of the runs.

import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { BEFORE_ALL } from '../../../src/async-runs/async-runs.ts'
import { type Submission, takeOn } from '../../../src/queue/intake.ts'
import { resultBound, resultLimits } from '../../../src/queue/result-bound.ts'
import type { TakenRun } from '../../../src/queue/run-queue.ts'
import * as scripts from '../../../src/queue/scripts.ts'
import type { Executor } from '../../../src/run/executor.ts'
import { unavailable } from '../../../src/run/refusal.ts'
import type { RunRequest } from '../../../src/run/request.ts'
import { pause } from '../../../src/waits/pause.ts'
import { foundRun } from '../../support/async-runs-harness.ts'
import { redisService, type Service } from '../../support/services.ts'
import { outcome, testKey } from '../../unit/support/app.ts'
import { asKey, type Cluster, going, program, startCluster } from './cluster.ts'

let redis: Service
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())

type Context = Pick<TestContext, 'onTestFinished'>

function start({ onTestFinished }: Context, url = redis.url): Cluster {
  const cluster = startCluster(url, { ENVIRONMENTS: 'python' })
  onTestFinished(() => cluster.close())
  return cluster
}

/** Has all calls of our scripts go through a function, on connections that are made until the test is over. */
function intercept(
  { onTestFinished }: Context,
  through: (call: () => Promise<unknown>, name: string) => Promise<unknown>,
) {
  const { defineCommand } = Redis.prototype
  Redis.prototype.defineCommand = function intercepted(this: Redis, name, definition) {
    defineCommand.call(this, name, definition)
    if (!/^[A-Z_]+$/.test(name)) return // one of BullMQ's
    const command = Reflect.get(this, name) as (...args: unknown[]) => Promise<unknown>
    Reflect.set(this, name, (...args: unknown[]) => through(() => command.apply(this, args), name))
  }
  onTestFinished(() => {
    Redis.prototype.defineCommand = defineCommand
  })
}

/** All scripts of runs. */
const NAMES: ReadonlySet<string> = new Set(
  Object.entries(scripts).flatMap(([name, script]) =>
    typeof script === 'function' ? [name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()] : [],
  ),
)

/** Scripts that are called seldom: most of their calls are repeated or lost. */
const RARE: ReadonlySet<string> = new Set([
  ...['HAND_BACK', 'RENEW', 'AUDIT', 'SWEEP', 'MAY_SWEEP', 'HEARTBEAT'],
])

/** All that is in Redis of this cluster, but for the times that Redis puts in. */
async function content({ queue }: Cluster): Promise<Record<string, unknown>> {
  const keys = (await queue.redis.keys(queue.key('*'))).filter((key) => !key.includes(':bull:'))
  const found: Record<string, unknown> = {}
  for (const key of keys.sort()) {
    const type = await queue.redis.type(key)
    if (type === 'hash') found[key] = await queue.redis.hgetall(key)
    else if (type === 'zset') found[key] = await queue.redis.zrange(key, 0, -1)
    else if (type === 'set') found[key] = (await queue.redis.smembers(key)).sort()
    else if (type === 'list') found[key] = await queue.redis.lrange(key, 0, -1)
    else if (type === 'stream') found[key] = await queue.redis.xrange(key, '-', '+')
    else found[key] = await queue.redis.get(key)
  }
  return found
}

/** A cluster without anybody in it who does something by himself. */
function alone(context: Context) {
  const cluster = start(context)
  const { queue } = cluster
  const bound = resultBound(resultLimits(cluster.config))
  const submission = (ids: readonly string[], more: Partial<Submission> = {}): Submission => ({
    ...{
      kind: 'async' as const,
      owner: 'key:one',
      maxConcurrent: undefined,
      weight: 1,
      maxQueued: 100,
    },
    ...{ maxBytes: 2 ** 28, waitMs: 60_000, ttlMs: 60_000, ...more },
    runs: ids.map((id) => ({
      ...{ id, request: program('x') },
      meta: { requestId: '', keyName: null, client: '', isFollowed: true, webhook: null },
    })),
  })
  const submit = async (more: Partial<Submission> = {}) => {
    const id = randomUUID()
    await takeOn(queue, submission([id], more))
    return id
  }
  const started = async (id: string, token = 'token', leaseMs = 60_000): Promise<TakenRun> => {
    const attempt = Number(await queue.redis.hget(queue.key(`run:${id}`), 'attempt'))
    const run = await queue.start({ id, attempt }, token, { id: 'worker', leaseMs, bound })
    if (!run || run === 'full') throw new Error('it can’t be started')
    return run
  }
  return { cluster, queue, bound, submission, submit, started }
}

const FAILED = { state: 'failed', refusal: { code: 'internal', error: '' } } as const

describe('a second call with the same arguments', () => {
  it('of SUBMIT takes nothing on anew, and is answered the same', async (context) => {
    const { cluster, queue, submission } = alone(context)
    const ids = [randomUUID(), randomUUID()]
    expect(await takeOn(queue, submission(ids, { maxConcurrent: 1 }))).toEqual(ids)
    const before = await content(cluster)
    expect(await takeOn(queue, submission(ids, { maxConcurrent: 1 }))).toEqual(ids)
    expect(await content(cluster)).toEqual(before)
  })

  it('of START is answered the same, with a lease that begins anew; with another token, nothing', async (context) => {
    const { cluster, queue, bound, submit, started } = alone(context)
    const id = await submit()
    const first = await started(id)
    const before = await content(cluster)
    const until = async () => Number(await queue.redis.zscore(queue.key('live'), id))
    const firstUntil = await until()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const worker = { id: 'worker', leaseMs: 60_000, bound }
    expect(await queue.start({ id, attempt: 0 }, 'token', worker)).toEqual(first)
    expect(await content(cluster)).toEqual(before)
    expect(await until()).toBeGreaterThan(firstUntil)
    expect(await queue.start({ id, attempt: 0 }, 'another', worker)).toBe(undefined)
    await queue.finish(first, FAILED)
    expect(await queue.start({ id, attempt: 0 }, 'token', worker)).toBe(undefined)
  })

  it('of RENEW and APPEND changes nothing', async (context) => {
    const { cluster, queue, submit, started } = alone(context)
    const run = await started(await submit())
    const events = [
      { type: 'start', data: { attempt: 1 } },
      { type: 'stdout', data: { text: 'x' } },
    ]
    const both = async () => [await queue.renew([run], 60_000), await queue.append(run, 1, events)]
    expect(await both()).toEqual([[], true])
    const before = await content(cluster)
    expect(await both()).toEqual([[], true])
    const after = await content(cluster)
    expect(after).toEqual(before)
  })

  it('of FINISH is answered that this was the end; another one is none', async (context) => {
    const { cluster, queue, submit, started } = alone(context)
    const run = await started(await submit())
    expect(await queue.finish(run, FAILED)).toBe(true)
    const before = await content(cluster)
    expect(await queue.finish(run, FAILED)).toBe(true)
    expect(await content(cluster)).toEqual(before)
    expect(await queue.finish({ ...run, attempt: 2 }, FAILED)).toBe(false)
    expect(await content(cluster)).toEqual(before)
  })

  it('of END changes nothing', async (context) => {
    const { cluster, queue, submit } = alone(context)
    const id = await submit()
    expect(await queue.end(id, FAILED)).toBe(true)
    const before = await content(cluster)
    expect(await queue.end(id, FAILED)).toBe(false)
    expect(await content(cluster)).toEqual(before)
  })

  it('of SET_LIMITS lets no more in', async (context) => {
    const { cluster, queue, submission } = alone(context)
    await takeOn(queue, submission(Array.from({ length: 5 }, randomUUID), { maxConcurrent: 1 }))
    const both = () => queue.setLimits([{ owner: 'key:one', maxConcurrent: 3 }])
    await both()
    const before = await content(cluster)
    expect(Object.keys(before[queue.key('line:async')] as object)).toHaveLength(3)
    await both()
    expect(await content(cluster)).toEqual(before)
  })

  it('of HAND_BACK is counted once, and is none when somebody else has taken the run', async (context) => {
    const { cluster, queue, submit, started } = alone(context)
    const id = await submit()
    const run = await started(id)
    expect(await queue.handBack(run, 'python')).toBe(1)
    const before = await content(cluster)
    expect(await queue.handBack(run, 'python')).toBe(1)
    expect(await content(cluster)).toEqual(before)
    const next = await started(id, 'next')
    expect(await queue.handBack(run, 'python')).toBe(0)
    expect(await queue.handBack(next, 'python')).toBe(2)
  })

  it('of SEEN and FORGET changes nothing', async (context) => {
    const { cluster, queue, submit, started } = alone(context)
    const run = await started(await submit())
    await queue.finish(run, FAILED)
    await queue.seen(run.id)
    const before = await content(cluster)
    await queue.seen(run.id)
    expect(await content(cluster)).toEqual(before)
    await queue.forget(run.id)
    const after = await content(cluster)
    await queue.forget(run.id)
    expect(await content(cluster)).toEqual(after)
    expect(await queue.bytes()).toMatchObject({ kept: 0, unfinished: 0, reserved: 0 })
  })

  it('of SWEEP and AUDIT finds nothing more to do', async (context) => {
    const { cluster, queue, submit, started } = alone(context)
    await started(await submit(), 'token', 1)
    await submit()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const both = async () => {
      await queue.sweep()
      await queue.audit(0)
    }
    await both()
    const before = await content(cluster)
    await both()
    expect(await content(cluster)).toEqual(before)
  })

  it('of HEARTBEAT and WORKERS changes nothing', async (context) => {
    const { cluster, queue } = alone(context)
    const report = JSON.stringify({
      ...{ name: 'a', environments: [], slots: 1, running: 0, startedAt: '2026-01-01T00:00:00Z' },
    })
    const both = async () => {
      await queue.run(scripts.heartbeat, 'worker', report, 60_000)
      return (await queue.workers()).map(({ id }) => id)
    }
    expect(await both()).toEqual(['worker'])
    const before = await content(cluster)
    expect(await both()).toEqual(['worker'])
    expect(await content(cluster)).toEqual(before)
  })
})

describe('what is counted', () => {
  it('has what an attempt wrote that is over', async (context) => {
    const { queue, submission, started } = alone(context)
    const id = randomUUID()
    const given = submission([id])
    const request = program('x', { retry: true })
    await takeOn(queue, { ...given, runs: given.runs.map((run) => ({ ...run, request })) })
    const before = await queue.bytes()
    const taken = await started(id, 'token', 1)
    await queue.append(taken, 1, [{ type: 'stdout', data: { text: 'x'.repeat(100_000) } }])
    await new Promise((resolve) => setTimeout(resolve, 20))
    await queue.sweep()
    const after = await queue.bytes()
    expect(after).toMatchObject({ reserved: 0 })
    expect(after.unfinished - before.unfinished).toBeGreaterThan(100_000)
    await queue.end(id, FAILED)
    expect(await queue.bytes()).toMatchObject({ unfinished: 0 })
  })

  it('is no more in the line of synchronous runs than there is, where one leaves for another', async (context) => {
    const { queue, submission } = alone(context)
    const wait = (owner: string, more: Partial<Submission> = {}) => {
      const id = randomUUID()
      const sync = { kind: 'sync' as const, maxQueued: 10, owner, ...more }
      return takeOn(queue, submission([id], sync)).then(() => id)
    }
    // All places but one are this client's; one more of its own is parked by the bound of its key.
    const bound = { maxConcurrent: 10 }
    await takeOn(queue, submission([randomUUID()], bound))
    const mine: string[] = []
    for (let n = 0; n < 9; n += 1) mine.push(await wait('key:one', bound))
    await wait('key:two')
    const parked = await wait('key:one', bound)
    expect(await queue.redis.hget(queue.key(`run:${parked}`), 'state')).toBe('parked')
    expect(await queue.redis.hlen(queue.key('line:sync'))).toBe(10)
    const late = await wait('key:three')
    expect(await queue.redis.hlen(queue.key('line:sync'))).toBe(10)
    const ended = await Promise.all(mine.map((id) => queue.ending(id)))
    expect(ended.filter((ending) => ending !== undefined)).toMatchObject([
      { state: 'failed', refusal: { code: 'busy' } },
    ])
    expect(await queue.redis.hget(queue.key(`run:${late}`), 'state')).toBe('queued')
    expect(await queue.redis.hget(queue.key(`run:${parked}`), 'state')).toBe('parked')
  })
})

it('a Redis that has forgotten all scripts is told them again, in their order', async (context) => {
  const cluster = start(context)
  const { executor } = cluster.server()
  cluster.worker()
  await executor.run(program('a first one # now'), going())
  await cluster.queue.redis.script('FLUSH')
  const startMs = performance.now()
  await executor.run(program('x # now'), going())
  expect(performance.now() - startMs).toBeLessThan(3000) // a job before its run is missed after five seconds
})

for (const stillMs of [5000, 6500]) {
  it(`a Redis that stands still for ${stillMs} ms while a run is started costs it nothing`, async (context) => {
    const own = await redisService()
    context.onTestFinished(() => own.remove())
    let isToStand = false
    intercept(context, (call, name) => {
      if (name === 'START' && isToStand) {
        isToStand = false
        process.kill(own.pid(), 'SIGSTOP')
        setTimeout(() => process.kill(own.pid(), 'SIGCONT'), stillMs)
      }
      return call()
    })
    const cluster = start(context, own.url)
    const server = cluster.server()
    const { asyncRuns } = server
    const { executor } = cluster.worker()
    await server.executor.run(program('a first one # now'), going()) // all are connected then
    isToStand = true
    const id = randomUUID()
    // The server may hear nothing in time, but the run is written down.
    await asyncRuns
      .submit([{ id, request: program('x # now'), origin: asKey('one') }])
      .catch(() => {})
    const state = async () => (await foundRun(asyncRuns, id).catch(() => undefined))?.state
    await expect.poll(state, { timeout: 40_000 }).toMatch(/finished|failed/)
    expect(await foundRun(asyncRuns, id)).toMatchObject({ state: 'finished', attempts: 1 })
    expect(executor.begun).toHaveLength(2)
  }, 60_000)
}

it('a FINISH that takes long is sent once', async (context) => {
  const own = await redisService()
  context.onTestFinished(() => own.remove())
  let isToStand = false
  let sent = 0
  intercept(context, (call, name) => {
    if (name === 'FINISH' && isToStand) {
      sent += 1
      process.kill(own.pid(), 'SIGSTOP')
      setTimeout(() => process.kill(own.pid(), 'SIGCONT'), 5000)
    }
    return call()
  })
  const cluster = start(context, own.url)
  const { executor } = cluster.server()
  cluster.worker()
  await executor.run(program('a first one # now'), going()) // all are connected then
  isToStand = true
  expect(await executor.run(program('x # now'), going())).toMatchObject({ output: 'x # now' })
  expect(sent).toBe(1)
}, 30_000)

it('whatever is repeated or lost: each run has one end, none begins twice, and nothing is left over', async (context) => {
  /** By script, what was done to its calls. */
  const done = new Map<string, Set<string>>()
  let isCalm = false
  intercept(context, async (call, name) => {
    const dice = Math.random()
    const share = RARE.has(name) ? 0.9 : 0.4
    if (!NAMES.has(name) || isCalm || dice > share) return call()
    const what = dice < 0.5 * share ? 'twice' : dice < 0.9 * share ? 'answer lost' : 'never came'
    done.set(name, (done.get(name) ?? new Set()).add(what))
    if (what === 'never came') throw new Error('it never came')
    const answer = await call()
    if (what === 'twice') return call()
    throw new Error(`the answer is lost: ${JSON.stringify(answer)?.slice(0, 10)}`)
  })
  const cluster = start(context)
  const servers = [cluster.server(), cluster.server()]
  const begun: RunRequest[] = []
  /** Of some programs a host is unable to begin, some take so long that their leases are renewed. */
  const host: Executor = {
    async run(request, { id = '', onEvent }) {
      if (request.code.includes('unable') && Math.random() < 0.5) throw unavailable(new Error('no'))
      begun.push(request)
      onEvent?.({ type: 'delivery' })
      onEvent?.({ type: 'started' })
      await pause(request.code.includes('long') ? 2500 : 5)
      return outcome({ id, output: request.code })
    },
  }
  cluster.worker({ slots: 4, executor: host })
  cluster.worker({ slots: 4, executor: host })
  const { queue } = cluster
  const asynchronous: string[] = []
  const answers = new Map<string, number>()
  /** Each script is to be called twice, and to have its answer lost. */
  const undone = () =>
    [...NAMES].filter(
      (name) => !done.get(name)?.has('twice') || !done.get(name)?.has('answer lost'),
    )
  for (let round = 0; round < 8 || (undone().length > 0 && round < 60); round += 1) {
    const { asyncRuns, executor } = servers[round % 2] ?? (servers[0] as (typeof servers)[0])
    const origin = asKey(`client ${round % 3}`, round % 3 === 0 ? { maxConcurrent: 2 } : {})
    const batch = Array.from({ length: 8 }, (_, n) => ({
      ...{ id: randomUUID(), origin },
      request: program(`async ${round} ${n} ${n === 0 ? 'long' : n < 4 ? 'unable' : ''}`, {
        retry: n % 4 === 0,
      }),
    }))
    await asyncRuns.submit(batch).then(
      () => asynchronous.push(...batch.map(({ id }) => id)),
      () => {},
    )
    const limited = testKey('client 0', { maxConcurrent: 2 + (round % 2) })
    void asyncRuns.setLimits([limited]).catch(() => {})
    for (const seldom of [queue.audit(0), queue.sweep()]) void seldom.catch(() => {})
    const cancelled = batch[round % 8]
    if (cancelled) void asyncRuns.cancel(cancelled.id).catch(() => {})
    await Promise.all(
      Array.from({ length: 4 }, async (_, n) => {
        const code = `sync ${round} ${n}`
        const answer = await executor.run(program(code), going({ origin: asKey('other') })).then(
          ({ output }) => (output === code ? 'ok' : 'another output'),
          (error) => error.code,
        )
        answers.set(answer, (answers.get(answer) ?? 0) + 1)
      }),
    )
  }
  isCalm = true
  await expect.poll(() => queue.redis.zcard(queue.key('live')), { timeout: 100_000 }).toBe(0)
  for (const id of asynchronous) {
    const events = await queue.events(id, BEFORE_ALL)
    expect(events.filter(({ type }) => type === 'end')).toHaveLength(1)
  }
  const counts = new Map<string, number>()
  for (const request of begun) {
    if (!request.retry) counts.set(request.code, (counts.get(request.code) ?? 0) + 1)
  }
  expect([...counts].filter(([, count]) => count > 1)).toEqual([])
  expect(
    [...answers.keys()].filter((answer) => answer !== 'ok' && answer !== 'unavailable'),
  ).toEqual([])
  expect(answers.get('ok')).toBeGreaterThan(0)
  await expect
    .poll(() => queue.bytes(), { timeout: 20_000 })
    .toMatchObject({ unfinished: 0, reserved: 0 })
  for (const kind of ['sync', 'async']) {
    expect(await queue.redis.hlen(queue.key(`line:${kind}`))).toBe(0)
  }
  expect(undone()).toEqual([])
}, 180_000)
