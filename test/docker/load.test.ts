// Many runs at once and many runs in a row: no answer lost, mixed or doubled, nothing that grows.

import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/config.ts'
import { maxWaiting } from '../../src/executor/spec.ts'
import { containersOf, eventually } from '../support/docker.ts'
import { openStream } from '../support/open-stream.ts'
import { MAX_RESIDENT_MB, residentMb, type Server, startServer } from '../support/server.ts'

const SOAK_RUNS = 60
const SOAK_CLIENTS = 4

let server: Server
afterEach(() => server.stop())

const tokens = (count: number) =>
  Array.from({ length: count }, (_, i) => `token-${i}-${'x'.repeat(i)}`)

it('answers 100 programs at once, each with its own token', { timeout: 180_000 }, async () => {
  server = await startServer({ MAX_WAIT_SECONDS: '170' })
  const wanted = tokens(100)
  const outcomes = await Promise.all(
    wanted.map((token) => server.run({ code: 'import sys; print(sys.argv[1])', args: [token] })),
  )
  expect(outcomes.map(({ output }) => output)).toEqual(wanted)
  expect(new Set(outcomes.map(({ id }) => id)).size).toBe(100)
})

it('serves 32 clients from a pool of 2', { timeout: 180_000 }, async () => {
  server = await startServer({ POOL_SIZE: '2', MAX_WAIT_SECONDS: '170' })
  const wanted = tokens(32)
  const outcomes = await Promise.all(
    wanted.map((token) => server.run({ code: 'print(input())', stdin: token })),
  )
  expect(outcomes.map(({ output }) => output)).toEqual(wanted)
})

it('answers busy at once where the line is full, and serves those in it', {
  timeout: 180_000,
}, async () => {
  const places = { MAX_RUNNING: '1', POOL_SIZE: '1', MAX_WAIT_SECONDS: '170' }
  server = await startServer(places)
  const served = 1 + maxWaiting(parseConfig(places))
  const code = 'import time; time.sleep(0.5); print("done")'
  const posts = Array.from({ length: served + 3 }, () => server.post({ code }))
  const responses = await Promise.all(posts)
  const statuses = responses.map(({ status }) => status).sort()
  expect(statuses).toEqual([...Array(served).fill(200), 503, 503, 503])
  for (const response of responses.filter(({ status }) => status === 503)) {
    expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(0)
    expect(await response.json()).toMatchObject({ output: '', code: 'busy' })
  }
})

it(`grows in nothing over ${SOAK_RUNS} runs, each in a container of its own`, {
  timeout: 900_000,
}, async () => {
  server = await startServer({ MAX_WAIT_SECONDS: '170' })
  const poolSize = await settledPool()
  const hostnames = new Set<string>()
  let left = SOAK_RUNS
  const before = { descriptors: descriptors(), temporaryFiles: readdirSync(tmpdir()).length }
  const client = async () => {
    while (left > 0) {
      left -= 1
      const { output } = await server.run({ code: 'import socket; print(socket.gethostname())' })
      expect(output).toMatch(/^[0-9a-f]{12}$/)
      hostnames.add(output)
    }
  }
  await Promise.all(Array.from({ length: SOAK_CLIENTS }, client))

  expect(hostnames.size).toBe(SOAK_RUNS)
  await eventually('only the pool is left', 30_000, async () => {
    return (await containersOf(server.pid)).length === poolSize
  })
  // Each client keeps a connection.
  await eventually('descriptors are back', 10_000, () => {
    return descriptors() <= before.descriptors + SOAK_CLIENTS + 4
  })
  expect(readdirSync(tmpdir()).length).toBeLessThanOrEqual(before.temporaryFiles + 2)
  expect(residentMb(server.pid)).toBeLessThan(MAX_RESIDENT_MB)
})

/** How many containers wait when none is starting any more. */
async function settledPool(): Promise<number> {
  let last = -1
  await eventually('the pool is full', 20_000, async () => {
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const now = (await containersOf(server.pid)).length
    const settled = now > 0 && now === last
    last = now
    return settled
  })
  return last
}

function descriptors(): number {
  return readdirSync(`/proc/${server.pid}/fd`).length
}

it('costs no memory where readers are slow, and keeps no place from others', async () => {
  server = await startServer()
  const flood = 'while True: print("x" * 10_000)'
  const before = residentMb(server.pid)
  const sockets: Awaited<ReturnType<typeof openStream>>[] = []
  const add = async (count: number) => {
    for (let i = 0; i < count; i += 1) {
      const socket = await openStream(server.url, flood)
      socket.pause()
      sockets.push(socket)
    }
    expect(await server.run({ code: 'print("served")' })).toMatchObject({ output: 'served' })
    return residentMb(server.pid)
  }
  // Sixteen may be unread. Each is a megabyte of output, once as it came and once as the last event, and what making that
  // left behind.
  const twenty = await add(20)
  expect(twenty).toBeLessThan(before + 16 * 6)
  // More of them cost nothing: the first are cut off.
  const sixty = await add(40)
  expect(sixty).toBeLessThan(twenty + 30)
  for (const socket of sockets) socket.destroy()
}, 120_000)
