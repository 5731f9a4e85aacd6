// /readyz with EXECUTOR=queue: what is in the way is said soon, not when a program has waited in vain.

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServer } from '../../support/server.ts'
import { redisService, type Service } from '../../support/services.ts'
import { startStub } from '../../support/stub-process.ts'

/** Longest answer of a server that is not ready, in milliseconds: less than a probe waits. */
const SOON_MS = 2000
/** In this time a server knows that a worker or Redis is away, in milliseconds. */
const KNOWN = { timeout: 8000 }
/** All of that, one after the other, in milliseconds. */
const TEST_TIMEOUT_MS = 60_000

let redis: Service
beforeAll(async () => {
  redis = await redisService()
})
afterAll(() => redis.remove())

it(
  'says that no worker is there, that programs can be run, and that the queue is away',
  async () => {
    const prefix = `test-${randomUUID().slice(0, 8)}`
    const server = await startServer({
      ...{ EXECUTOR: 'queue', REDIS_URL: redis.url, QUEUE_PREFIX: prefix, ENVIRONMENTS: 'python' },
    })
    let slowestMs = 0
    const ready = async () => {
      const startedAtMs = performance.now()
      const response = await fetch(`${server.url}/readyz`)
      const { status, error, code } = (await response.json()) as Record<string, string>
      slowestMs = Math.max(slowestMs, performance.now() - startedAtMs)
      return [response.status, status ?? code, error].filter((one) => one !== undefined)
    }
    const noWorker = [503, 'unavailable', 'No worker is available to run programs']
    const away = [503, 'unavailable', 'The queue is not reachable']
    try {
      await expect.poll(ready).toEqual(noWorker)
      const data = await startStub(redis.url, prefix, { STUB_ENVIRONMENTS: 'data' })
      await new Promise((resolve) => setTimeout(resolve, 1500))
      expect(await ready()).toEqual(noWorker)
      await data.kill('SIGKILL')

      const worker = await startStub(redis.url, prefix)
      await expect.poll(ready, KNOWN).toEqual([200, 'ready'])
      await worker.kill('SIGTERM')
      await expect.poll(ready, KNOWN).toEqual(noWorker)

      const other = await startStub(redis.url, prefix)
      await expect.poll(ready, KNOWN).toEqual([200, 'ready'])
      await redis.stop()
      await expect.poll(ready, KNOWN).toEqual(away)
      await redis.start()
      await expect.poll(ready, KNOWN).toEqual([200, 'ready'])
      expect(slowestMs).toBeLessThan(SOON_MS)

      // A Redis that is there and does not answer is found out by its silence; who asks after that does not wait.
      process.kill(redis.pid(), 'SIGSTOP')
      await expect.poll(ready, KNOWN).toEqual(away)
      slowestMs = 0
      expect(await ready()).toEqual(away)
      expect(slowestMs).toBeLessThan(SOON_MS)
      process.kill(redis.pid(), 'SIGCONT')
      await expect.poll(ready, KNOWN).toEqual([200, 'ready'])
      await other.kill('SIGKILL')
      await expect.poll(ready, KNOWN).toEqual(noWorker)
    } finally {
      await server.stop()
    }
  },
  TEST_TIMEOUT_MS,
)
