// A key's bound that is changed in the file, with EXECUTOR=queue: it holds for what waits already, without another request.

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServer } from '../../support/server.ts'
import { redisService, type Service } from '../../support/services.ts'
import { startStub } from '../../support/stub-process.ts'
import { testKey } from '../../unit/support/app.ts'

/** Longest time until a change is seen and has had its effect, in milliseconds: the file is looked at every two seconds. */
const SEEN = { timeout: 20_000 }

let redis: Service
const folder = mkdtempSync(join(tmpdir(), 'keys-'))
beforeAll(async () => {
  redis = await redisService()
})
afterAll(async () => {
  await redis.remove()
  rmSync(folder, { recursive: true })
})

it('a bound that has grown lets in what waits', async ({ onTestFinished }) => {
  const prefix = `test-${randomUUID().slice(0, 8)}`
  const file = join(folder, 'keys.json')
  const write = (maxConcurrent: number) =>
    writeFileSync(file, JSON.stringify({ keys: [testKey('narrow', { maxConcurrent })] }))
  write(1)
  const server = await startServer({
    ...{ EXECUTOR: 'queue', REDIS_URL: redis.url, QUEUE_PREFIX: prefix, ENVIRONMENTS: 'python' },
    API_KEYS_FILE: file,
  })
  onTestFinished(async () => {
    await server.stop()
  })
  const worker = await startStub(redis.url, prefix, { STUB_SLOTS: '8', STUB_MS: '120000' })
  onTestFinished(async () => {
    await worker.kill('SIGKILL')
  })
  const headers = { Authorization: 'Bearer narrow', 'Content-Type': 'application/json' }
  const response = await fetch(`${server.url}/runs`, {
    ...{ method: 'POST', headers },
    body: JSON.stringify({ runs: Array.from({ length: 5 }, () => ({ code: 'x' })) }),
  })
  expect(response.status).toBe(202)
  const { runs } = (await response.json()) as { runs: { id: string }[] }
  const states = async () =>
    Promise.all(
      runs.map(async ({ id }) => {
        const found = await fetch(`${server.url}/runs/${id}`, { headers })
        return ((await found.json()) as { state: string }).state
      }),
    )
  await expect.poll(states, SEEN).toEqual(['running', 'queued', 'queued', 'queued', 'queued'])
  write(3)
  await expect.poll(states, SEEN).toEqual(['running', 'running', 'running', 'queued', 'queued'])
}, 60_000)
