// Webhooks with EXECUTOR=queue on a real Redis: told once, by whichever server is there, and nothing of them is kept.

import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { Queue } from 'bullmq'
import type { Logger } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { QueueParts } from '../../../src/queue/create.ts'
import { putOffMs, type QueuedWebhooksOptions } from '../../../src/queue/queued-webhooks.ts'
import type { Webhook } from '../../../src/run/async-run.ts'
import { Refusal } from '../../../src/run/refusal.ts'
import { type AddressFilter, addressFilter } from '../../../src/webhooks/address-filter.ts'
import { backoffMs, MAX_ATTEMPTS } from '../../../src/webhooks/backoff.ts'
import { redisService, type Service } from '../../support/services.ts'
import { isSigned } from '../../support/webhook-receiver.ts'
import { memoryLog } from '../../unit/support/app.ts'
import { LOOPBACK, SECRET } from '../../unit/webhooks/support/messages.ts'
import {
  answer,
  answers,
  noAnswer,
  type Received,
  type Respond,
  receiver,
} from '../../unit/webhooks/support/receiver.ts'
import { asKey, type Cluster, program, startCluster } from './cluster.ts'

/** Longer than a message takes that is told at once, in milliseconds. */
const A_WHILE_MS = 700

let redis: Service
let cluster: Cluster
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())
beforeEach(() => {
  cluster = startCluster(redis.url, { RESULT_TTL_SECONDS: '60' })
})
afterEach(() => cluster.close())

const aWhile = (ms = A_WHILE_MS) => new Promise((resolve) => setTimeout(resolve, ms))

interface ServerOptions {
  pauseMs?: number
  isAllowed?: AddressFilter
  settings?: Record<string, string>
  bounds?: QueuedWebhooksOptions['bounds']
  logger?: Logger
  timeoutMs?: number
}

/** A server that tells receivers on loopback under any name, and pauses for so long after an attempt. */
function server(options: ServerOptions = {}) {
  const { pauseMs = 1, isAllowed = LOOPBACK, settings = {}, bounds = {}, logger } = options
  const { timeoutMs = 10_000 } = options
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
  const send = { isAllowed, version: '1', resolve, timeoutMs }
  return cluster.server(settings, { webhooks: { send, pauseMs: () => pauseMs, bounds } }, logger)
}

async function submit({ asyncRuns }: QueueParts, url: string, code = 'x # now', key = 'one') {
  const id = `run-${randomUUID()}`
  const webhook: Webhook = { url, secret: SECRET }
  await asyncRuns.submit([{ id, request: program(code), origin: asKey(key), webhook }])
  return id
}

const isOurs = ({ headers, body }: Received) => isSigned(headers, body, SECRET)
const told = ({ body }: Received) => JSON.parse(body) as { type: string; data: object }

it.each([
  ['finished', { result: { output: 'x # now', status: 'ok' }, refusal: null }],
  ['failed', { result: null, refusal: { code: 'internal', error: 'a bug' } }],
  ['cancelled', { result: null, refusal: { code: 'cancelled' } }],
] as const)('tells once, signed, that a run has %s', async (state, expected) => {
  const { url, received } = await receiver()
  const one = server()
  const host = cluster.worker()
  const id = await submit(one, url, state === 'finished' ? 'x # now' : 'held')
  if (state !== 'finished') {
    const begun = await host.executor.program('held')
    if (state === 'cancelled') await one.asyncRuns.cancel(id)
    else begun.fail(new Refusal('internal', 'a bug'))
  }
  await expect.poll(() => received.length, { timeout: 5000 }).toBe(1)
  const [message] = received as [Received]
  expect(isOurs(message)).toBe(true)
  expect(message.headers).toMatchObject({ 'webhook-id': id, 'content-type': 'application/json' })
  expect(told(message)).toMatchObject({ type: 'run.ended', data: { id, state, ...expected } })
  await expect.poll(() => one.webhookCounts?.()).toMatchObject({ delivered: 1, failed: 0 })
  await aWhile()
  expect(received).toHaveLength(1)
})

it('tells of a cancelled run that never ran', async () => {
  const { url, received } = await receiver()
  const one = server()
  const id = await submit(one, url)
  await one.asyncRuns.cancel(id)
  await expect.poll(() => received.length, { timeout: 5000 }).toBe(1)
  expect(told(received[0] as Received).data).toMatchObject({ state: 'cancelled', attempts: 0 })
})

it('tells of many runs, each once, with two servers that could', async () => {
  const { url, received } = await receiver()
  const [one, other] = [server(), server()]
  cluster.worker({ slots: 4 })
  const ids = await Promise.all(Array.from({ length: 30 }, () => submit(one, url)))
  await expect.poll(() => received.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(30)
  await aWhile()
  const sent = received.map(({ headers }) => headers['webhook-id'])
  expect(sent.toSorted()).toEqual(ids.toSorted())
  const counts = [one, other].map((parts) => parts.webhookCounts?.().delivered ?? 0)
  expect(counts.reduce((sum, count) => sum + count)).toBe(30)
})

it('does not tell again where an end is handed out twice', async () => {
  const { url, received } = await receiver()
  const one = server()
  cluster.worker()
  const id = await submit(one, url)
  await expect.poll(() => received.length, { timeout: 5000 }).toBe(1)
  await cluster.queue.redis.xadd(cluster.queue.key('ended'), '*', 'id', id)
  await aWhile()
  expect(received).toHaveLength(1)
})

it('tries again after a failure, after the pause, and signs anew', async () => {
  const { url, received } = await receiver(answers(500, 503, 204))
  const one = server({ pauseMs: 300 })
  cluster.worker()
  await submit(one, url)
  await expect.poll(() => received.length, { timeout: 8000 }).toBe(3)
  const [first, second, third] = received as [Received, Received, Received]
  expect(second.atMs - first.atMs).toBeGreaterThanOrEqual(290)
  expect(third.atMs - second.atMs).toBeGreaterThanOrEqual(290)
  expect(new Set(received.map(({ body }) => body)).size).toBe(1)
  expect(received.every(isOurs)).toBe(true)
  await expect.poll(() => one.webhookCounts?.()).toMatchObject({ delivered: 1, retried: 2 })
})

it('asks for the pauses of the backoff, and for what the receiver wants', async () => {
  const { url } = await receiver(answer(429, { 'Retry-After': '7' }))
  const asked: number[][] = []
  const one = cluster.server(
    {},
    {
      webhooks: {
        send: { isAllowed: LOOPBACK, version: '1' },
        pauseMs: (...given) => {
          asked.push(given)
          return 1
        },
      },
    },
  )
  cluster.worker()
  await submit(one, url)
  await expect.poll(() => one.webhookCounts?.().failed, { timeout: 8000 }).toBe(1)
  expect(asked).toEqual([1, 2, 3, 4].map((attempt) => [attempt, 7000]))
  expect(backoffMs(2, 7000)).toBeGreaterThanOrEqual(7000)
})

it('gives up after the last attempt, and counts that once', async () => {
  const { url, received } = await receiver(answer(500))
  const one = server()
  cluster.worker()
  await submit(one, url)
  await expect.poll(() => one.webhookCounts?.().failed, { timeout: 8000 }).toBe(1)
  await aWhile()
  expect(received).toHaveLength(MAX_ATTEMPTS)
  expect(one.webhookCounts?.()).toEqual({
    ...{ delivered: 0, failed: 1, retried: MAX_ATTEMPTS - 1, dropped: 0, queued: 0 },
  })
})

it.each([
  ['an address that may not be reached', addressFilter([]), answer(204), 0],
  ['an answer that is final', LOOPBACK, answer(410), 1],
])('fails at once with %s', async (_, isAllowed, respond: Respond, attempts) => {
  const { url, received } = await receiver(respond)
  const one = server({ isAllowed })
  cluster.worker()
  await submit(one, url)
  await expect.poll(() => one.webhookCounts?.().failed, { timeout: 5000 }).toBe(1)
  await aWhile()
  expect(received).toHaveLength(attempts)
  expect(one.webhookCounts?.()).toMatchObject({ failed: 1, retried: 0 })
})

it('is told by another server where the one that tells is closed in the middle', async () => {
  const { url, received } = await receiver((response, index) => {
    if (index > 0) response.writeHead(204).end()
  })
  const one = server({ pauseMs: 60_000 })
  cluster.worker()
  await submit(one, url)
  await expect.poll(() => received.length, { timeout: 5000 }).toBe(1)
  const other = server()
  await one.close()
  await expect.poll(() => received.length, { timeout: 5000 }).toBe(2)
  await expect.poll(() => other.webhookCounts?.().delivered).toBe(1)
})

it('is told by a server that comes later', async () => {
  const { url, received } = await receiver()
  const one = server()
  const id = await submit(one, url, 'held')
  const host = cluster.worker()
  const begun = await host.executor.program('held')
  await one.close()
  begun.end()
  await expect.poll(() => cluster.queue.ending(id)).toBeDefined()
  server()
  await expect.poll(() => received.length, { timeout: 5000 }).toBe(1)
})

it('says how many have no end yet', async () => {
  const { url } = await receiver(answer(500))
  const one = server({ pauseMs: 60_000 })
  cluster.worker()
  await submit(one, url)
  await submit(one, url)
  await expect.poll(() => one.webhookCounts?.().queued, { timeout: 5000 }).toBe(2)
})

it('lets a slow receiver keep no other one waiting', async () => {
  const slow = await receiver(noAnswer)
  const quick = await receiver(answer(204), '127.0.0.2')
  const one = server()
  cluster.worker({ slots: 4 })
  await Promise.all(Array.from({ length: 20 }, () => submit(one, slow.url)))
  await expect.poll(() => slow.received.length, { timeout: 5000 }).toBe(2)
  await submit(one, quick.url)
  await expect.poll(() => quick.received.length, { timeout: 3000 }).toBe(1)
  expect(slow.received).toHaveLength(2)
})

it('tells of a result of megabytes', async () => {
  const { url, received } = await receiver()
  const one = server()
  const host = cluster.worker()
  await submit(one, url, 'held')
  const output = 'é'.repeat(4_000_000)
  ;(await host.executor.program('held')).end({ output })
  await expect.poll(() => received.length, { timeout: 10_000 }).toBe(1)
  expect(isOurs(received[0] as Received)).toBe(true)
  expect(told(received[0] as Received).data).toMatchObject({ result: { output } })
})

it('tells nobody of a run that is forgotten, and counts it', async () => {
  const { url, received } = await receiver(answers(500, 204))
  const one = server({ pauseMs: 1500, settings: { RESULT_TTL_SECONDS: '1' } })
  cluster.worker()
  await submit(one, url)
  await expect.poll(() => one.webhookCounts?.().dropped, { timeout: 8000 }).toBe(1)
  expect(received).toHaveLength(1)
})

it('leaves neither secret nor address in Redis when the run is forgotten', async () => {
  const good = await receiver()
  const bad = await receiver(answer(410))
  const one = server({ settings: { RESULT_TTL_SECONDS: '2' } })
  cluster.worker()
  await Promise.all([submit(one, good.url), submit(one, bad.url)])
  const { redis: client } = cluster.queue
  await client.config('SET', 'rdbcompression', 'no') // a dump would say long texts in pieces
  const everything = async () => {
    const keys = await client.keys(cluster.queue.key('*'))
    const dumps = await Promise.all(keys.map((key) => client.dumpBuffer(key)))
    return dumps.map((dump) => dump?.toString('latin1')).join()
  }
  expect(await everything()).toContain(SECRET)
  await expect.poll(() => good.received.length + bad.received.length).toBe(2)
  await expect.poll(everything, { timeout: 6000 }).not.toContain(SECRET)
  const left = await everything()
  for (const { port } of [good, bad]) expect(left).not.toContain(`127.0.0.1:${port}`)
})

it('keeps no server from ending while Redis is away', async () => {
  const own = await redisService()
  const lonely = startCluster(own.url)
  const { url, received } = await receiver(noAnswer)
  const one = lonely.server(
    {},
    { webhooks: { send: { isAllowed: LOOPBACK, version: '1' }, pauseMs: () => 1 } },
  )
  lonely.worker()
  await submit(one, url)
  await expect.poll(() => received.length, { timeout: 5000 }).toBe(1)
  await own.stop()
  const startedAtMs = performance.now()
  await one.close()
  expect(performance.now() - startedAtMs).toBeLessThan(6000)
  await lonely.close()
  await own.remove()
})

describe('a slow receiver', () => {
  it('costs nothing while its messages wait: their results are not read', async () => {
    const slow = await receiver(noAnswer)
    const one = server({ timeoutMs: 60_000 })
    cluster.worker({ slots: 4 })
    await Promise.all(Array.from({ length: 20 }, () => submit(one, slow.url)))
    await expect.poll(() => slow.received.length, { timeout: 5000 }).toBe(2)
    await expect.poll(() => one.webhookCounts?.().queued, { timeout: 5000 }).toBe(20)
    const { redis: client } = cluster.queue
    await aWhile()
    await client.config('RESETSTAT')
    await aWhile(4 * A_WHILE_MS)
    const stats = await client.info('commandstats')
    expect(stats).not.toMatch(/cmdstat_xrevrange:/)
    expect(slow.received).toHaveLength(2)
  })

  it('is asked about less and less often', () => {
    const pauses = [0, 1, 2, 3, 4, 5, 60].map((times) => putOffMs(times, 0))
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000])
    expect(putOffMs(0, 1)).toBe(1000)
  })

  it('on many hosts keeps no other client waiting, whatever waits for them', async () => {
    const slow = await receiver(noAnswer)
    const quick = await receiver()
    const one = server({ timeoutMs: 60_000 })
    cluster.worker({ slots: 8 })
    const url = (name: string, port: number) => `http://${name}.example:${port}/`
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => submit(one, url(`slow-${n % 25}`, slow.port))),
    )
    await expect.poll(() => one.webhookCounts?.().queued, { timeout: 10_000 }).toBe(100)
    await expect.poll(() => slow.received.length, { timeout: 5000 }).toBeGreaterThan(0)
    await submit(one, url('quick', quick.port), 'y # now', 'two')
    await expect.poll(() => quick.received.length, { timeout: 6000 }).toBe(1)
    expect(slow.received.length).toBeLessThanOrEqual(8)
  })

  it('has no backlog of one client before another client’s message', async () => {
    const { url, received } = await receiver((response) => {
      setTimeout(() => response.writeHead(204).end(), 100)
    })
    const one = server()
    cluster.worker({ slots: 8 })
    await Promise.all(Array.from({ length: 80 }, () => submit(one, url)))
    await expect.poll(() => received.length, { timeout: 5000 }).toBeGreaterThan(2)
    const id = await submit(one, url, 'y # now', 'two')
    const ids = () => received.map(({ headers }) => headers['webhook-id'])
    await expect.poll(() => cluster.queue.ending(id), { timeout: 8000, interval: 5 }).toBeDefined()
    const before = received.length
    await expect.poll(ids, { timeout: 20_000 }).toContain(id)
    await expect.poll(() => received.length, { timeout: 30_000 }).toBe(81)
    expect(ids().indexOf(id) - before).toBeLessThan(30)
    expect(new Set(ids()).size).toBe(81)
  })
})

describe('a result', () => {
  const isSeen = async (id: string) => {
    const { queue } = cluster
    return (await queue.redis.zscore(queue.key('kept:key:one'), id)) !== null
  }

  it('is not let go before its webhook has had its last word', async () => {
    const held: ServerResponse[] = []
    const { url } = await receiver((response) => void held.push(response))
    const one = server()
    cluster.worker()
    const id = await submit(one, url)
    await expect.poll(() => held.length, { timeout: 5000 }).toBe(1)
    await aWhile()
    expect(await isSeen(id)).toBe(false)
    held[0]?.writeHead(204).end()
    await expect.poll(() => isSeen(id), { timeout: 5000 }).toBe(true)
    await expect.poll(() => one.webhookCounts?.()).toMatchObject({ delivered: 1 })
  })

  it('stays while an attempt is to follow, and not after the last one', async () => {
    const { url, received } = await receiver(answers(500, 410))
    const one = server({ pauseMs: 2000 })
    cluster.worker()
    const id = await submit(one, url)
    await expect.poll(() => one.webhookCounts?.().retried, { timeout: 5000 }).toBe(1)
    expect(await isSeen(id)).toBe(false)
    await expect.poll(() => isSeen(id), { timeout: 8000 }).toBe(true)
    expect(received).toHaveLength(2)
  })

  it('is given up when its time is over: dropped, counted and logged once', async () => {
    const { url } = await receiver(answer(500))
    const log = memoryLog()
    const options = { pauseMs: 60_000, bounds: { lastWordMs: 1500, lookMs: 200 } }
    const [one, other] = [server({ ...options, logger: log.logger }), server(options)]
    cluster.worker()
    const id = await submit(one, url)
    await expect.poll(() => isSeen(id), { timeout: 10_000 }).toBe(true)
    const dropped = () => [one, other].map((parts) => parts.webhookCounts?.().dropped ?? 0)
    await expect.poll(() => dropped().toSorted(), { timeout: 5000 }).toEqual([0, 1])
    await expect.poll(() => one.webhookCounts?.().queued, { timeout: 5000 }).toBe(0)
    const said = log.lines.filter((line) => line.includes('is dropped'))
    expect(said).toHaveLength(dropped()[0] ?? 0)
    await aWhile()
    expect(dropped().toSorted()).toEqual([0, 1])
  })

  it('is seen to at once where webhooks keep too many already', async () => {
    const { url } = await receiver(noAnswer)
    const one = server({ settings: { MAX_RESULTS_MB: '16', MAX_BODY_BYTES: '1000000' } })
    const host = cluster.worker()
    const output = '\u0001'.repeat(250_000) // six bytes each in JSON
    const ids: string[] = []
    for (const n of [1, 2, 3]) {
      ids.push(await submit(one, url, `held ${n}`))
      ;(await host.executor.program(`held ${n}`)).end({ output })
    }
    // A quarter of 16 MB is for results of webhooks, nine tenths of that for one client, and each output is there twice.
    await expect.poll(() => isSeen(ids[2] ?? ''), { timeout: 8000 }).toBe(true)
    expect(await Promise.all(ids.map(isSeen))).toEqual([false, false, true])
  })
})

describe('what is too much', () => {
  it('is dropped, counted and logged', async () => {
    const { url } = await receiver(noAnswer)
    const log = memoryLog()
    const one = server({ bounds: { maxOpen: 3 }, logger: log.logger })
    cluster.worker({ slots: 4 })
    await Promise.all(Array.from({ length: 5 }, () => submit(one, url)))
    await expect
      .poll(() => one.webhookCounts?.(), { timeout: 8000 })
      .toMatchObject({ dropped: 2, queued: 3 })
    const said = log.lines
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg.includes('is dropped'))
    expect(said).toMatchObject(
      [1, 2].map(() => ({ level: 40, host: '127.0.0.1', reason: 'too many wait' })),
    )
  })

  it('of those that failed is not remembered', async () => {
    const { url } = await receiver()
    const one = server({ isAllowed: addressFilter([]), bounds: { remembered: 3 } })
    cluster.worker({ slots: 4 })
    await Promise.all(Array.from({ length: 12 }, () => submit(one, url)))
    await expect.poll(() => one.webhookCounts?.().failed, { timeout: 10_000 }).toBe(12)
    const { queue } = cluster
    const jobs = () => queue.redis.keys(queue.key('bull:webhooks:webhook-*'))
    await expect.poll(async () => (await jobs()).length).toBe(3)
  })
})

it('gives a new job to one that has lost its own', async () => {
  const { url, received } = await receiver(answers(500, 204))
  const one = server({ pauseMs: 60_000, bounds: { lookMs: 200 } })
  cluster.worker()
  await submit(one, url)
  await expect.poll(() => one.webhookCounts?.().retried, { timeout: 5000 }).toBe(1)
  const { queue } = cluster
  const jobs = new Queue('webhooks', { connection: queue.redis, prefix: queue.key('bull') })
  await jobs.obliterate({ force: true })
  await expect.poll(() => received.length, { timeout: 8000 }).toBe(2)
  await expect.poll(() => one.webhookCounts?.()).toMatchObject({ delivered: 1, queued: 0 })
  await jobs.close()
})

it('says so where webhooks are off on the server that sees to the end', async () => {
  const { url } = await receiver()
  const log = memoryLog()
  const one = cluster.server({}, {}, log.logger)
  cluster.worker()
  const id = await submit(one, url)
  await expect
    .poll(() => log.lines.map((line) => JSON.parse(line)), { timeout: 8000 })
    .toContainEqual(
      expect.objectContaining({
        level: 40,
        run: id,
        msg: expect.stringContaining('a webhook is dropped'),
      }),
    )
})
