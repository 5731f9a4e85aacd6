// Webhooks with EXECUTOR=queue on a real Redis: told once, by whichever server is there, and nothing of them is kept.

import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Webhook } from '../../../src/async-runs/async-runs.ts'
import { Refusal } from '../../../src/errors.ts'
import type { QueueParts } from '../../../src/queue/create.ts'
import { addressFilter } from '../../../src/webhooks/address-filter.ts'
import { backoffMs, MAX_ATTEMPTS } from '../../../src/webhooks/backoff.ts'
import { verify } from '../../../src/webhooks/signature.ts'
import { redisService, type Service } from '../../support/services.ts'
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

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A server that tells receivers on loopback, and pauses for so long after an attempt. */
function server({ pauseMs = 1, isAllowed = LOOPBACK, settings = {} } = {}) {
  return cluster.server(settings, {
    webhooks: { send: { isAllowed, version: '1' }, pauseMs: () => pauseMs },
  })
}

async function submit({ asyncRuns }: QueueParts, url: string, code = 'x # now') {
  const id = `run-${randomUUID()}`
  const webhook: Webhook = { url, secret: SECRET }
  await asyncRuns.submit([{ id, request: program(code), origin: asKey('one'), webhook }])
  return id
}

const isSigned = ({ headers, body }: Received) => verify(headers, body, SECRET)
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
  expect(isSigned(message)).toBe(true)
  expect(message.headers).toMatchObject({ 'webhook-id': id, 'content-type': 'application/json' })
  expect(told(message)).toMatchObject({ type: 'run.ended', data: { id, state, ...expected } })
  await expect.poll(() => one.webhookCounts?.()).toMatchObject({ delivered: 1, failed: 0 })
  await after(A_WHILE_MS)
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
  await after(A_WHILE_MS)
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
  await after(A_WHILE_MS)
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
  expect(received.every(isSigned)).toBe(true)
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
  await after(A_WHILE_MS)
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
  await after(A_WHILE_MS)
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
  expect(isSigned(received[0] as Received)).toBe(true)
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
