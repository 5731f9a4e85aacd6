// Servers and workers of today beside those of 0.1.0: what those left in Redis is read here, also with fields that a later
// version adds, and what is written today passes the schemas that they have.

import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { QueueOptions } from '../../../src/queue/create.ts'
import type { RunRecord } from '../../../src/run/record.ts'
import * as old from '../../fixtures/stored-schemas-0.1.0.ts'
import { foundRun, reader, textOf } from '../../support/async-runs-harness.ts'
import { gathering, output } from '../../support/execution-events.ts'
import { redisService, type Service } from '../../support/services.ts'
import { memoryLog } from '../../unit/support/app.ts'
import { LOOPBACK, SECRET } from '../../unit/webhooks/support/messages.ts'
import { answer, receiver } from '../../unit/webhooks/support/receiver.ts'
import { asKey, type Cluster, going, program, startCluster } from './cluster.ts'

/** Everything that was in Redis, by names without their prefix, which is PREFIX in texts. */
interface Recorded {
  recordedAtMs: number
  keys: Record<string, { type: string; value: unknown }>
}

const RECORDED = new URL('../../fixtures/stored-0.1.0.json', import.meta.url)
/** Where the recorded webhooks go to. */
const RECORDED_ORIGIN = 'http://127.0.0.1:9'
/** Longer than a lease and the sweep after it, in milliseconds. */
const LEASE_IS_OVER_MS = 25_000

let redis: Service
let cluster: Cluster
let log: ReturnType<typeof memoryLog>
let records: RunRecord[]
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())
beforeEach(() => {
  cluster = startCluster(redis.url)
  log = memoryLog()
  records = []
})
afterEach(() => cluster.close())

function server(options: Partial<QueueOptions> = {}) {
  const onRun = (record: RunRecord) => void records.push(record)
  const webhooks = { send: { isAllowed: LOOPBACK, version: '1' }, pauseMs: () => 1 }
  return cluster.server({}, { onRun, webhooks, ...options }, log.logger)
}

/** Puts what was recorded into Redis as if it had been written just now. `change` is made to each text in JSON. */
async function restore(origin: string, change: (json: string) => string): Promise<void> {
  const { redis: client } = cluster.queue
  const prefix = cluster.queue.key('').slice(0, -1)
  const { recordedAtMs, keys }: Recorded = JSON.parse(
    readFileSync(RECORDED, 'utf8').replaceAll('PREFIX', prefix).replaceAll(RECORDED_ORIGIN, origin),
  )
  const sinceMs = Date.now() - recordedAtMs
  const today = (text: string) => {
    if (/^17\d{11}(\.\d+)?$/.test(text)) return String(Number(text) + sinceMs)
    return text.startsWith('{') ? change(text) : text
  }
  for (const [name, { type, value }] of Object.entries(keys)) {
    const key = cluster.queue.key(name)
    const texts = (value as string[]).length ? (value as string[]) : []
    if (type === 'string') await client.set(key, today(value as string))
    else if (type === 'list') await client.rpush(key, ...texts)
    else if (type === 'set') await client.sadd(key, ...texts)
    else if (type === 'zset') {
      const isDelayed = name.endsWith(':delayed') // BullMQ's own form of a time: it is over
      const pairs = texts.map((text, at) => (at % 2 === 0 ? text : isDelayed ? '0' : today(text)))
      for (let at = 0; at < pairs.length; at += 2) {
        await client.zadd(key, pairs[at + 1] ?? '', pairs[at] ?? '')
      }
    } else if (type === 'stream') {
      for (const [id, fields] of value as [string, string[]][]) {
        await client.xadd(key, id, ...fields.map(today))
      }
    } else {
      const fields = Object.entries(value as Record<string, string>)
      await client.hset(
        key,
        Object.fromEntries(fields.map(([field, text]) => [field, today(text)])),
      )
    }
  }
}

/** What a later version may add anywhere but to a request, whose unknown fields are refused. */
function withMore(json: string): string {
  const value = JSON.parse(json)
  if ('code' in value && 'timeoutSeconds' in value) return json
  const add = (given: object) => Object.assign(given, { later: { than: 'this' } })
  for (const inner of [value.result, value.refusal, value.webhook]) if (inner) add(inner)
  return JSON.stringify(add(value))
}

async function addFieldsAndEvents(client: Redis): Promise<void> {
  const { queue } = cluster
  for (const key of await client.keys(queue.key('run:*'))) await client.hset(key, 'later', '1')
  for (const key of await client.keys(queue.key('worker:*'))) await client.pexpire(key, 60_000)
  await client.xadd(queue.key('events:run-running'), '1-900', 'type', 'later', 'data', '{"a":1}')
}

const found = async (parts: ReturnType<typeof server>, id: string) => foundRun(parts.asyncRuns, id)

describe.each([
  ['as they are', (json: string) => json, async () => {}],
  ['with what a later version adds', withMore, addFieldsAndEvents],
])('the forms of 0.1.0, %s,', (_, change, alsoDo: (client: Redis) => Promise<void>) => {
  async function restored() {
    const { received, url } = await receiver(answer(204))
    await restore(new URL(url).origin, change)
    await alsoDo(cluster.queue.redis)
    return { received }
  }

  it('are read by a server: runs, their ends and events', async () => {
    await restored()
    const one = server()
    expect(await found(one, 'run-finished')).toMatchObject({
      ...{ state: 'finished', attempts: 1, refusal: null },
      result: { status: 'ok', output: 'four: 4', hint: '', displays: [{ mime: 'image/svg+xml' }] },
    })
    expect(await found(one, 'run-failed')).toMatchObject({
      ...{ state: 'failed', refusal: { code: 'internal', error: 'a bug' } },
    })
    expect(await found(one, 'run-cancelled')).toMatchObject({ state: 'cancelled' })
    expect(await found(one, 'run-running')).toMatchObject({ state: 'running', attempts: 1 })
    expect(await found(one, 'run-queued')).toMatchObject({ state: 'queued', attempts: 0 })
    const events = await reader(one.asyncRuns, 'run-finished').rest()
    expect(events.map(({ type }) => type)).toEqual(['start', 'stdout', 'stderr', 'end'])
    expect(textOf(events, 'stdout')).toBe('four: 4\n')
  })

  it('are read by a server: what workers say of themselves', async () => {
    await restored()
    server()
    const [worker] = await cluster.queue.workers()
    expect(worker).toMatchObject({ name: 'test', environments: ['python'], slots: 3, running: 3 })
  })

  it('are seen to: an end that no server saw, and a webhook that is to be told', async () => {
    const { received } = await restored()
    const one = server()
    const told = () => received.map(({ body }) => JSON.parse(body).data.id as string)
    await expect.poll(told, { timeout: 10_000 }).toContain('run-unseen')
    await expect.poll(told, { timeout: 10_000 }).toContain('run-told-later')
    await expect.poll(() => one.webhookCounts?.()).toMatchObject({ delivered: 2, queued: 0 })
    expect(records).toMatchObject([{ outcome: { id: 'run-unseen' }, request: { code: 'unseen' } }])
    expect(await cluster.queue.redis.xlen(cluster.queue.key('ended'))).toBe(0)
  })

  it('are run by a worker: a run that waits, and one that waited for another of its client’s', async () => {
    const { received } = await restored()
    const one = server()
    const { executor } = cluster.worker({ slots: 3 })
    const queued = await executor.program('queued')
    queued.options.onEvent?.({ type: 'started' })
    queued.end({ output: 'ran' })
    await expect.poll(() => found(one, 'run-queued')).toMatchObject({ state: 'finished' })
    await expect.poll(() => received.some(({ body }) => body.includes('"run-queued"'))).toBe(true)
    // The worker of the recorded ones is gone.
    const ended = { timeout: LEASE_IS_OVER_MS }
    await expect.poll(() => found(one, 'run-limited-1'), ended).toMatchObject({ state: 'failed' })
    ;(await executor.program('limited')).end({ output: 'ran too' })
    await expect.poll(() => found(one, 'run-limited-2')).toMatchObject({ state: 'finished' })
  })
})

it('an event of a type that a later version has is nothing to whoever waits', async () => {
  const one = server()
  const { executor } = cluster.worker()
  let text = ''
  const following = gathering((more) => {
    text += more
  })
  const ran = one.executor.run(program('held'), going({ id: 'run-later', ...following }))
  const begun = await executor.program('held')
  begun.options.onEvent?.({ type: 'started' })
  begun.options.onEvent?.(output('stdout', 'four'))
  await expect.poll(() => text, { timeout: 5000 }).toBe('four')
  await cluster.queue.append({ id: 'run-later', attempt: 1 }, 100, [{ type: 'later', data: {} }])
  begun.end({ output: 'four' })
  expect(await ran).toMatchObject({ output: 'four' })
})

describe('what nobody can read', () => {
  const end = (id: string, data: string) => {
    const { queue } = cluster
    return queue.redis.xadd(queue.key(`events:${id}`), '1000000-1', 'type', 'end', 'data', data)
  }

  it.each([
    ['no JSON', '{'],
    ['a state that there is not', '{"state":"evaporated"}'],
    ['an outcome that is none', '{"state":"finished","result":7,"startMs":1}'],
  ])('as an end, %s, is dropped after five deliveries, and logged once', async (_, data) => {
    await restore(RECORDED_ORIGIN, (json) => json)
    await end('run-unseen', data)
    const { queue } = cluster
    const one = server({ endings: { takeOverMs: 100 } })
    const length = () => queue.redis.xlen(queue.key('ended'))
    await expect.poll(length, { timeout: 20_000 }).toBe(0)
    const said = log.lines
      .map((line) => JSON.parse(line))
      .filter(({ runId }) => runId === 'run-unseen')
    expect(said.filter(({ level }) => level >= 40)).toHaveLength(1)
    expect(said.filter(({ level }) => level < 40)).toHaveLength(4)
    expect(records).toEqual([])
    await expect(one.asyncRuns.find('run-unseen')).rejects.toThrow('can’t be read')
    // Others are seen to all the same.
    cluster.worker()
    await one.asyncRuns.submit([
      { id: 'run-good', request: program('x # now'), origin: asKey('one') },
    ])
    await expect.poll(() => records.length, { timeout: 10_000 }).toBe(1)
  })

  it('as a worker’s report hides no other worker', async () => {
    const { queue } = cluster
    cluster.worker()
    await expect.poll(async () => (await queue.workers()).length).toBe(1)
    for (const [n, report] of ['{', '[]', '{"name":"half"}'].entries()) {
      await queue.redis.set(queue.key(`worker:bad-${n}`), report)
      await queue.redis.zadd(queue.key('workers'), Date.now(), `bad-${n}`)
    }
    expect(await queue.workers()).toMatchObject([{ name: 'test' }])
  })

  it('as a webhook’s run is given up', async () => {
    await restore(RECORDED_ORIGIN, (json) => json)
    await end('run-told-later', '{')
    const one = server()
    await expect.poll(() => one.webhookCounts?.().failed, { timeout: 10_000 }).toBe(2) // the other can't be reached
    expect(await cluster.queue.redis.zcard(cluster.queue.key('bull:webhooks:delayed'))).toBe(0)
  })
})

it('a code of a refusal that a later version has is `internal` here', async () => {
  await restore(RECORDED_ORIGIN, (json) => json)
  const { queue } = cluster
  const refusal = { code: 'eclipsed', error: 'The moon was in the way' }
  const data = JSON.stringify({ state: 'failed', refusal })
  await queue.redis.xadd(queue.key('events:run-failed'), '1000000-1', 'type', 'end', 'data', data)
  expect(await found(server(), 'run-failed')).toMatchObject({
    refusal: { code: 'internal', error: 'The moon was in the way' },
  })
})

it('what is written today is read by servers and workers of 0.1.0', async () => {
  const { url } = await receiver(answer(500))
  const webhooks = { send: { isAllowed: LOOPBACK, version: '1' }, pauseMs: () => 60_000 }
  const one = server({ webhooks })
  const { executor } = cluster.worker({ slots: 2 })
  const submit = (id: string, more = {}) =>
    one.asyncRuns.submit([{ id, request: program(id), origin: asKey('one'), ...more }])
  await submit('finished', { webhook: { url, secret: SECRET } })
  const finished = await executor.program('finished')
  finished.options.onEvent?.({ type: 'started' })
  finished.options.onEvent?.(output('stdout', 'some'))
  finished.options.onEvent?.(output('stderr', 'more'))
  finished.end({ output: 'some' })
  await expect.poll(() => one.webhookCounts?.().retried, { timeout: 8000 }).toBe(1)
  await submit('failed')
  ;(await executor.program('failed')).fail(new Error('a bug'))
  await submit('cancelled')
  await executor.program('cancelled')
  await one.asyncRuns.cancel('cancelled')
  await submit('running')
  ;(await executor.program('running')).options.onEvent?.({ type: 'started' })
  const waited = going({ isFollowed: true, origin: asKey('two', { maxConcurrent: 1 }) })
  void one.executor.run(program('sync'), waited).catch(() => {})
  await executor.program('sync')
  const ids = ['parked-1', 'parked-2']
  const origin = asKey('three', { maxConcurrent: 1 })
  await one.asyncRuns.submit(ids.map((id) => ({ id, request: program(id), origin })))
  await expect.poll(() => found(one, 'failed')).toMatchObject({ state: 'failed' })

  const { queue } = cluster
  const { redis: client } = queue
  const keys = (pattern: string) => client.keys(queue.key(pattern))
  const states: string[] = []
  for (const key of await keys('run:*')) {
    const run = old.storedRunSchema.parse(await client.hgetall(key))
    states.push(`${run.kind} ${run.state}`)
  }
  expect(new Set(states)).toEqual(
    new Set([
      ...['async finished', 'async failed', 'async cancelled', 'async running'],
      ...['sync running', 'async queued', 'async parked'],
    ]),
  )
  const types = new Set<string>()
  for (const key of await keys('events:*')) {
    for (const [, fields] of await client.xrange(key, '-', '+')) {
      const [, type = '', , data = ''] = fields
      types.add(type)
      const value = JSON.parse(data)
      if (type === 'end') old.endingSchema.parse(value)
      else old.eventSchema.parse({ type, data: value })
    }
  }
  expect([...types].toSorted()).toEqual(['end', 'start', 'stderr', 'stdout'])
  const reports = await client.mget(await keys('worker:*'))
  expect(reports).toHaveLength(1)
  for (const report of reports) old.workerReportSchema.parse(JSON.parse(report ?? ''))
  const jobs = await keys('bull:runs-python:*-0')
  expect(jobs.length).toBeGreaterThan(4)
  for (const key of jobs) old.jobSchema.parse(JSON.parse((await client.hget(key, 'data')) ?? ''))
  const [hook = ''] = await keys('bull:webhooks:webhook-*')
  old.webhookJobSchema.parse(JSON.parse((await client.hget(hook, 'data')) ?? ''))
})
