// Floods of clients that hang up: containers are bounded, others are served, nothing stays.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { containersOf, eventually } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'

const SLEEP = { code: 'import time; time.sleep(5)' }
const MAX_RUNNING = 2
const POOL_SIZE = 2
/** What the contract allows at once: those that run, those that wait, and two more. */
const MAX_CONTAINERS = MAX_RUNNING + POOL_SIZE + 2
const LIMITS = { MAX_RUNNING: String(MAX_RUNNING), POOL_SIZE: String(POOL_SIZE) }

let server: Server
afterEach(() => server.stop())

/** Looks at the server's containers as often as the engine answers; the most that there were. */
function watchContainers(pid: number) {
  let most = 0
  let isOver = false
  const watching = (async () => {
    while (!isOver) most = Math.max(most, (await containersOf(pid)).length)
  })()
  return async () => {
    isOver = true
    await watching
    return most
  }
}

/** Posts and hangs up. */
async function post(): Promise<void> {
  const signal = AbortSignal.timeout(50)
  const answer = await server.post(SLEEP, { signal, body: JSON.stringify(SLEEP) }).catch(() => null)
  await answer?.body?.cancel()
}

/** Submits and cancels. */
async function cancel(): Promise<void> {
  const answer = await fetch(`${server.url}/runs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(SLEEP),
  })
  const { id } = (await answer.json()) as { id?: string }
  await sleep(50)
  if (id) await fetch(`${server.url}/runs/${id}`, { method: 'DELETE' })
}

describe.each([
  ['posts that are hung up on', post],
  ['runs that are submitted and cancelled', cancel],
] as const)('a flood of %s', (_, send) => {
  it('starts no more containers than there may be, and leaves none', async () => {
    server = await startServer(LIMITS)
    const stopWatching = watchContainers(server.hostPid)
    const flood: Promise<void>[] = []
    for (let n = 0; n < 60; n += 1) {
      flood.push(send())
      await sleep(50)
    }
    expect(await server.run({ code: 'print("other")' })).toMatchObject({ output: 'other' })
    await Promise.all(flood)
    expect(await stopWatching()).toBeLessThanOrEqual(MAX_CONTAINERS)
    await eventually('only the pool is left', 20_000, async () => {
      return (await containersOf(server.hostPid)).length === POOL_SIZE
    })
    const { hostPid } = server
    await server.stop()
    expect(await containersOf(hostPid)).toEqual([])
  })
})

it('counts a request that a container was started for, although its client hung up', async () => {
  const settings = { MAX_RUNNING: '1', POOL_SIZE: '0', RATE_LIMIT: '3/60' }
  server = await startServer(settings)
  for (let n = 0; n < 40; n += 1) {
    await post()
    await sleep(100)
  }
  expect((await server.post({ code: 'print(1)' })).status).toBe(429)
})

it('says in its metrics how many containers there are, and may be', async () => {
  server = await startServer(LIMITS)
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(metrics).toContain(`safe_code_executor_containers_limit ${MAX_CONTAINERS}`)
  expect(metrics).toMatch(/^safe_code_executor_containers\{state="waiting"\} \d$/m)
})
