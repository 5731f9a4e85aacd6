// A server on Deno whose programs workers run, on Node, on this machine's engine.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/docker.ts'
import { type Server, startServer, startWorker } from '../support/server.ts'
import { redisService, type Service } from '../support/services.ts'
import { testKey } from '../unit/support/app.ts'

const folder = mkdtempSync(join(tmpdir(), 'sce-deno-queue-'))
let redis: Service
let worker: Awaited<ReturnType<typeof startWorker>>
let server: Server
beforeAll(async () => {
  const keys = [testKey('client', { rights: ['run', 'admin-queues'] })]
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys }))
  redis = await redisService()
  worker = await startWorker({ REDIS_URL: redis.url, POOL_SIZE: '1' })
  server = await startServer({
    ...{ EXECUTOR: 'queue', REDIS_URL: redis.url, API_KEYS_FILE: join(folder, 'keys.json') },
    DOCKER_BIN: '/no/such/docker',
  })
})
afterAll(async () => {
  await server.stop()
  await worker.stop()
  await redis.remove()
  rmSync(folder, { recursive: true })
})

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${server.url}${path}`, {
    ...init,
    headers: {
      ...{ Authorization: 'Bearer client', 'Content-Type': 'application/json' },
      ...init.headers,
    },
  })
const post = (path: string, body: object, headers = {}) =>
  ask(path, { method: 'POST', body: JSON.stringify(body), headers })

it('answers, without an engine', async () => {
  const response = await post('/run', { code: 'print(2+2)' })
  expect(await response.json()).toMatchObject({ status: 'ok', output: '4' })
})

it('sends output as it comes', async () => {
  // One write each: what print writes is a text and a line end, which may come apart.
  const code =
    'import os, time\nos.write(1, b"first\\n")\ntime.sleep(0.5)\nos.write(1, b"second\\n")'
  const response = await post('/run', { code }, { Accept: 'text/event-stream' })
  const text = await response.text()
  const events = [...text.matchAll(/^event: (\w+)/gm)].map(([, name]) => name)
  expect(events).toEqual(['stdout', 'stdout', 'result'])
})

it('has asynchronous runs, and cancels them', async () => {
  const code = 'import time\nwhile True: time.sleep(1)'
  const location = (await post('/runs', { code })).headers.get('Location') ?? ''
  const state = async () => ((await (await ask(location)).json()) as { state: string }).state
  await eventually('it runs', 5000, async () => (await state()) === 'running')
  expect((await ask(location, { method: 'DELETE' })).status).toBe(200)
  expect(await state()).toBe('cancelled')
})

it.each(['/metrics', '/readyz'])('has %s', async (path) => {
  const response = await ask(path)
  expect(response.status).toBe(200)
  expect((await response.text()).length).toBeGreaterThan(10)
})

it('has the page of the queues, and its files', async () => {
  const path = '/admin/queues'
  const signedIn = await ask(path, {
    ...{ method: 'POST', redirect: 'manual', body: 'key=client' },
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: server.url },
  })
  const [cookie = ''] = signedIn.headers.get('Set-Cookie')?.split(';') ?? []
  const page = await (await ask(path, { headers: { Cookie: cookie } })).text()
  const [, script] = page.match(/src="(static\/[^"]+\.js)"/) ?? []
  const response = await ask(`${path}/${script}`, { headers: { Cookie: cookie } })
  expect(response.headers.get('Content-Type')).toContain('javascript')
  const queues = await ask(`${path}/api/queues`, { headers: { Cookie: cookie } })
  expect(await queues.json()).toMatchObject({ queues: [{ name: 'runs-python' }] })
})
