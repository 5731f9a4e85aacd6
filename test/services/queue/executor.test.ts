// EXECUTOR=queue on a real Redis: what a server sees of the programs that workers run.

import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { Refusal } from '../../../src/run/refusal.ts'
import { foundRun } from '../../support/async-runs-harness.ts'
import { hearing, noting, output } from '../../support/execution-events.ts'
import { redisService, type Service } from '../../support/services.ts'
import { outcome } from '../../unit/support/app.ts'
import { asKey, type Cluster, going, program, startCluster } from './cluster.ts'

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

/** Everything that Redis has of this cluster, as text. */
async function everything(): Promise<string> {
  const { redis: client } = cluster.queue
  const keys = await client.keys(cluster.queue.key('*'))
  const values = await Promise.all(
    keys.map(async (key) => {
      const type = await client.type(key)
      if (type === 'hash') return JSON.stringify(await client.hgetall(key))
      return type === 'stream' ? JSON.stringify(await client.xrange(key, '-', '+')) : key
    }),
  )
  return values.join('\n')
}

it('answers with the outcome, under the name that was given', async () => {
  const { executor } = cluster.server()
  cluster.worker()
  const outcome = await executor.run(program('a # now'), going({ id: 'run-of-mine' }))
  expect(outcome).toMatchObject({ output: 'a # now', status: 'ok', id: 'run-of-mine' })
})

it('tells of each step once, in order', async () => {
  const { executor } = cluster.server()
  const host = cluster.worker()
  const seen: string[] = []
  const outcome = executor.run(program('x'), going(noting(seen)))
  const begun = await host.executor.program('x')
  begun.options.onEvent?.({ type: 'started' })
  begun.options.onEvent?.(output('stdout', '1'))
  await expect.poll(() => seen).toContain('stdout 1')
  begun.options.onEvent?.(output('stderr', '2'))
  await expect.poll(() => seen).toContain('stderr 2')
  begun.end()
  await outcome
  expect(seen).toEqual(['charged', 'admitted', 'started', 'stdout 1', 'stderr 2'])
})

it('tells that a program has started whose output nobody reads', async () => {
  const { executor } = cluster.server()
  const host = cluster.worker()
  let isStarted = false
  const outcome = executor.run(program('x'), going(hearing('started', () => (isStarted = true))))
  const begun = await host.executor.program('x')
  expect(isStarted).toBe(false)
  begun.options.onEvent?.({ type: 'started' })
  await expect.poll(() => isStarted).toBe(true)
  begun.end()
  await outcome
})

it('hands on a megabyte of output whole, in characters that were cut', async () => {
  const { executor } = cluster.server()
  const host = cluster.worker()
  const chunks: Buffer[] = []
  const following = { isFollowed: true, ...hearing('output', ({ bytes }) => chunks.push(bytes)) }
  const outcome = executor.run(program('x'), going(following))
  const begun = await host.executor.program('x')
  begun.options.onEvent?.({ type: 'started' })
  const bytes = Buffer.from('é€😀'.repeat(116_508))
  for (let at = 0; at < bytes.length; at += 1001) {
    begun.options.onEvent?.(output('stdout', bytes.subarray(at, at + 1001)))
  }
  begun.end()
  await outcome
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
})

it.each([
  ['invalid_request', 'files: can’t be written: x', 400],
  ['internal', 'Something went wrong on our side', 500],
] as const)('refuses what the worker refuses as %s', async (code, message, status) => {
  const { executor } = cluster.server()
  const host = cluster.worker()
  const outcome = executor.run(program('x'), going())
  ;(await host.executor.program('x')).fail(new Refusal(code, message))
  await expect(outcome).rejects.toMatchObject({ code, message, status })
})

it('gives a program that a host can’t begin to another one', async () => {
  const { executor } = cluster.server()
  const ill = cluster.worker()
  const outcome = executor.run(program('x'), going())
  const begun = await ill.executor.program('x')
  const well = cluster.worker()
  begun.fail(new Refusal('unavailable', 'no engine'))
  ;(await well.executor.program('x')).end({ output: 'from the other' })
  expect(await outcome).toMatchObject({ output: 'from the other' })
})

it('is unavailable where no host can begin it', async () => {
  const { executor } = cluster.server()
  const ill = {
    run: async () => {
      throw new Refusal('unavailable', 'no engine')
    },
  }
  for (let host = 0; host < 4; host += 1) cluster.worker({ executor: ill })
  await expect(executor.run(program('x'), going())).rejects.toMatchObject({ code: 'unavailable' })
})

it('does not begin what was given up while it waited, and leaves no job', async () => {
  const { executor } = cluster.server()
  const gone = new AbortController()
  const outcome = executor.run(program('x'), { signal: gone.signal })
  const jobs = () => cluster.queue.jobs.queues.get('python')?.getJobCounts('wait', 'prioritized')
  await expect.poll(jobs).toMatchObject({ wait: 1 })
  gone.abort()
  await expect(outcome).rejects.toMatchObject({ code: 'cancelled' })
  await expect.poll(jobs).toMatchObject({ wait: 0, prioritized: 0 })
  const host = cluster.worker()
  await executor.run(program('y # now'), going())
  expect(host.executor.begun.map(({ code }) => code)).toEqual(['y # now'])
})

it('stops a program whose client hangs up', async () => {
  const { executor } = cluster.server()
  const host = cluster.worker()
  const gone = new AbortController()
  const outcome = executor.run(program('x'), { signal: gone.signal })
  const { options } = await host.executor.program('x')
  gone.abort()
  await expect(outcome).rejects.toMatchObject({ code: 'cancelled' })
  await expect.poll(() => options.signal.aborted, { timeout: 3000 }).toBe(true)
  await expect.poll(() => host.worker.running).toBe(0)
})

it('is busy where nobody takes the program in time', async () => {
  const { executor } = cluster.server({ MAX_WAIT_SECONDS: '0.5' })
  const startedAtMs = performance.now()
  await expect(executor.run(program('x'), going())).rejects.toMatchObject({
    ...{ code: 'busy', headers: { 'Retry-After': expect.stringMatching(/^\d+$/) } },
  })
  expect(performance.now() - startedAtMs).toBeLessThan(6000)
})

it('is busy where the queue is full, and says how long that takes at the present rate', async () => {
  const { executor } = cluster.server({ MAX_QUEUED: '3' })
  const host = cluster.worker({ slots: 3 })
  for (let ended = 0; ended < 6; ended += 1) await executor.run(program('e # now'), going())
  const run = (code: string) => executor.run(program(code), going())
  const running = ['a', 'b', 'c'].map(run)
  await Promise.all(['a', 'b', 'c'].map((code) => host.executor.program(code)))
  const waiting = ['d', 'e', 'f'].map(run)
  await expect.poll(() => cluster.queue.redis.zcard(cluster.queue.key('live'))).toBe(6)
  const refused = await run('g').catch((error) => error)
  expect(refused).toMatchObject({
    code: 'busy',
    message: 'The queue is full; try again later',
  })
  // Six ended in the last ten to twenty seconds, three wait.
  expect(Number(refused.headers['Retry-After'])).toBeGreaterThanOrEqual(1)
  expect(Number(refused.headers['Retry-After'])).toBeLessThanOrEqual(10)
  for (const code of ['a', 'b', 'c', 'd', 'e', 'f']) (await host.executor.program(code)).end()
  await Promise.all([...running, ...waiting])
})

it('keeps nothing of code or input when a program has ended', async () => {
  const { executor } = cluster.server()
  const host = cluster.worker()
  const secret = { code: 'SECRET_CODE', stdin: 'SECRET_INPUT' }
  const outcome = executor.run(program(secret.code, secret), going())
  const begun = await host.executor.program(secret.code)
  expect(await everything()).toMatch(/SECRET_CODE/)
  begun.end({ output: '4' })
  await outcome
  expect(await everything()).not.toMatch(/SECRET/)
})

it('keeps nothing for ever: every key of a run expires', async () => {
  const { executor } = cluster.server()
  cluster.worker()
  await executor.run(program('a # now'), going({ isFollowed: true }))
  void executor.run(program('waits', { environment: 'data' }), going()).catch(() => {})
  const { redis: client } = cluster.queue
  await expect.poll(() => client.zcard(cluster.queue.key('live'))).toBe(1)
  for (const kind of ['run', 'events', 'owner', 'done']) {
    for (const key of await client.keys(cluster.queue.key(`${kind}:*`))) {
      expect(await client.pttl(key), key).toBeGreaterThan(0)
    }
  }
})

it('keeps nothing of a run whose end somebody has read', async () => {
  const { executor } = cluster.server()
  cluster.worker()
  await executor.run(program('a # now'), going())
  await executor.run(program('b # now'), going({ isFollowed: true }))
  const { queue } = cluster
  const left = async () => (await queue.redis.keys(queue.key('*'))).join('\n')
  await expect.poll(left).not.toMatch(/run:|events:/)
})

it('counts what runs take, and none of it when they are over, however they end', async () => {
  const { executor, asyncRuns } = cluster.server({ RESULT_TTL_SECONDS: '1', MAX_WAIT_SECONDS: '1' })
  cluster.worker()
  const { queue } = cluster
  const sums = async () => [
    ...Object.values(await queue.bytes()),
    ...(await Promise.all(
      ['bytes:by:sync', 'bytes:by:async', 'kept', 'kept:by'].map((name) =>
        queue.redis.zcard(queue.key(name)),
      ),
    )),
    await queue.redis.hlen(queue.key('kept:size')),
  ]
  const stop = new AbortController()
  const stopped = executor.run(program('held'), going({ signal: stop.signal }))
  const late = executor.run(program('late', { environment: 'data' }), going())
  const runs = ['x # now', 'y # now'].map((code) => ({
    ...{ id: randomUUID(), request: program(code), origin: asKey('one') },
  }))
  await asyncRuns.submit(runs)
  const { unfinished } = await queue.bytes()
  expect(unfinished).toBeGreaterThan(6000)
  expect(await queue.redis.zcard(queue.key('bytes:by:async'))).toBe(1)
  stop.abort()
  await expect(stopped).rejects.toMatchObject({ code: 'cancelled' })
  await expect(late).rejects.toMatchObject({ code: 'busy' })
  await expect.poll(sums, { timeout: 10_000 }).toEqual(Array(9).fill(0))
})

it('refuses what is too much for a key, on all servers together', async () => {
  const [one, other] = [cluster.server(), cluster.server()]
  const host = cluster.worker({ slots: 4 })
  const origin = asKey('small', { maxConcurrent: 1 })
  const first = one.executor.run(program('first'), going({ origin }))
  const begun = await host.executor.program('first')
  await expect(other.executor.run(program('second'), going({ origin }))).rejects.toMatchObject({
    ...{
      code: 'rate_limited',
      message: 'This key may run 1 program at once; try again when one has ended',
    },
  })
  begun.end()
  await first
  expect(await other.executor.run(program('third # now'), going({ origin }))).toMatchObject({
    status: 'ok',
  })
})

it('lets nobody wait behind another one’s hundred', async () => {
  const { executor } = cluster.server()
  const runs = Array.from({ length: 40 }, (_, n) =>
    executor.run(program(`many ${n} # now`), going({ origin: asKey('many') })),
  )
  const live = () => cluster.queue.redis.zcard(cluster.queue.key('live'))
  await expect.poll(live).toBe(40)
  const one = executor.run(program('one # now'), going({ origin: asKey('one') }))
  await expect.poll(live).toBe(41)
  const host = cluster.worker({ slots: 1 })
  await Promise.all([...runs, one])
  expect(host.executor.begun.findIndex(({ code }) => code === 'one # now')).toBeLessThan(3)
})

it('does not let who waits for an answer wait behind what he wants to read later', async () => {
  const { executor, asyncRuns } = cluster.server()
  const origin = asKey('one')
  const later = Array.from({ length: 20 }, (_, n) => ({
    ...{ id: randomUUID(), request: program(`later ${n} # now`), origin },
  }))
  await asyncRuns.submit(later)
  const now = executor.run(program('waited for # now'), going({ origin }))
  await expect.poll(() => cluster.queue.redis.zcard(cluster.queue.key('live'))).toBe(21)
  const host = cluster.worker({ slots: 1 })
  await now
  expect(host.executor.begun.length).toBeLessThan(6)
})

it('gives a heavier key more turns', async () => {
  const { executor } = cluster.server()
  const submit = (name: string, weight: number) =>
    Array.from({ length: 12 }, (_, n) =>
      executor.run(program(`${name} ${n} # now`), going({ origin: asKey(name, { weight }) })),
    )
  const runs = submit('light', 1)
  await expect.poll(() => cluster.queue.redis.zcard(cluster.queue.key('live'))).toBe(12)
  runs.push(...submit('heavy', 3))
  await expect.poll(() => cluster.queue.redis.zcard(cluster.queue.key('live'))).toBe(24)
  const host = cluster.worker({ slots: 1 })
  await Promise.all(runs)
  const firstTwelve = host.executor.begun.slice(0, 12).map(({ code }) => code.split(' ')[0])
  expect(firstTwelve.filter((name) => name === 'heavy').length).toBeGreaterThanOrEqual(8)
})

it.each([
  ['all of them queued', {}],
  ['all but one parked', { maxConcurrent: 1 }],
])(
  'lets a client with many have its turns among those who always have one: %s',
  async (_, limits) => {
    const { executor, asyncRuns } = cluster.server()
    const slow = {
      run: async ({ code }: { code: string }) => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return outcome({ output: code })
      },
    }
    cluster.worker({ slots: 1, executor: slow })
    let [isOver, others] = [false, 0]
    const steady = ['a', 'b', 'c'].map(async (name) => {
      for (; !isOver; others += 1) await executor.run(program(name), going({ origin: asKey(name) }))
    })
    await expect.poll(() => others).toBeGreaterThan(5)
    const before = others
    const origin = asKey('many', limits)
    const many = Array.from({ length: 8 }, () => ({
      id: randomUUID(),
      request: program('m'),
      origin,
    }))
    await asyncRuns.submit(many)
    const ended = async () => {
      const found = await Promise.all(many.map(({ id }) => foundRun(asyncRuns, id)))
      return found.filter((run) => run?.state === 'finished').length
    }
    await expect
      .poll(ended, { timeout: 15_000 })
      .toBe(8)
      .finally(() => {
        isOver = true
      })
    await Promise.all(steady)
    // Each of the four has a turn in four.
    expect(others - before).toBeLessThan(100)
  },
)

it('leaves the queue room for others, whatever one client sends', async () => {
  const { executor } = cluster.server({ MAX_QUEUED: '100' })
  const submit = (name: string) =>
    executor.run(program('waits'), going({ origin: asKey(name) })).catch((error) => error.code)
  const ends: string[] = []
  for (let n = 0; n < 120; n += 1) void submit('greedy').then((code) => ends.push(code))
  await expect.poll(() => ends.filter((code) => code === 'busy').length).toBe(30)
  const other = submit('other').then((code) => ends.push(`other: ${code}`))
  await expect.poll(() => cluster.queue.redis.zcard(cluster.queue.key('live'))).toBe(91)
  void other
})

it('runs no more at once than the host has places, whatever the queues hold', async () => {
  const { executor } = cluster.server()
  const ends = ['python', 'data'].flatMap((environment) =>
    Array.from({ length: 12 }, (_, n) =>
      executor.run(program(`${environment} ${n} # now`, { environment }), going()),
    ),
  )
  const host = cluster.worker({ slots: 1, environments: ['python', 'data'] })
  await Promise.all(ends)
  expect(host.executor.mostAtOnce).toBe(1)
})

it('gives a program only to hosts that have its environment', async () => {
  const { executor } = cluster.server()
  const [python, data] = [cluster.worker(), cluster.worker({ environments: ['data'] })]
  await Promise.all([
    executor.run(program('p # now'), going()),
    executor.run(program('d # now', { environment: 'data' }), going()),
  ])
  expect([python, data].map(({ executor: { begun } }) => begun.map(({ code }) => code))).toEqual([
    ['p # now'],
    ['d # now'],
  ])
})

it('believes no end that is none, whoever tells of it', async () => {
  const { executor } = cluster.server()
  const host = cluster.worker()
  const outcome = executor.run(program('x'), going({ id: 'told' }))
  const begun = await host.executor.program('x')
  const { redis: client } = cluster.queue
  const channel = await client.hget(cluster.queue.key('run:told'), 'channel')
  for (const message of ['told end', 'told end {', 'told end {"state":"finished"}', 'told', '']) {
    expect(await client.publish(channel ?? '', message)).toBe(1)
  }
  begun.end({ output: 'the true one' })
  expect(await outcome).toMatchObject({ output: 'the true one' })
})
