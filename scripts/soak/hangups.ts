// The part of the soak with clients that hang up: minutes of posts that are dropped after 10 to 500 ms, and of runs that are
// submitted and cancelled. Fails where containers pile up, another client waits, or something stays.

import { request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { type Server, startServer } from '../../test/support/server.ts'
import { check, quantile } from './figures.ts'
import { row, Watch } from './watch.ts'

const MAX_RUNNING = 4
const POOL_SIZE = 4
/** The bound of the contract. */
const MAX_CONTAINERS = MAX_RUNNING + POOL_SIZE + 2
/** Pause between two requests of the flood, in milliseconds. */
const EVERY_MS = 50
const [SOONEST_MS, LATEST_MS] = [10, 500]
const OTHER_EVERY_MS = 700
const QUIET_RUNS = 5
/** Longest answer to another client while programs of the flood start, in milliseconds. */
const MAX_OTHER_MS = 2000

const FLOOD = JSON.stringify({ code: 'import time; time.sleep(5)' })
const OTHER = JSON.stringify({ code: 'print(1)' })

/** Posts, and hangs up after so many milliseconds. */
function hangUp(server: Server, path: string, body: string, ms: number): void {
  const headers = { 'Content-Type': 'application/json' }
  const asked = request(`${server.url}${path}`, { method: 'POST', headers }, (answer) => {
    answer.resume()
  })
  asked.on('error', () => {})
  asked.end(body)
  setTimeout(() => asked.destroy(), ms)
}

async function cancel(server: Server, ms: number): Promise<void> {
  const headers = { 'Content-Type': 'application/json' }
  const answer = await fetch(`${server.url}/runs`, { method: 'POST', headers, body: FLOOD })
  const { id } = (await answer.json()) as { id?: string }
  await pause(ms)
  if (id) await (await fetch(`${server.url}/runs/${id}`, { method: 'DELETE' })).text()
}

/** Another client's run, from another address; how long it took, in milliseconds. */
function other(server: Server): Promise<number> {
  const startedAtMs = performance.now()
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json' }
    const options = { method: 'POST', headers, localAddress: '127.0.0.9' }
    const asked = request(`${server.url}/run`, options, (answer) => {
      answer.resume()
      answer.once('end', () => {
        if (answer.statusCode === 200) resolve(performance.now() - startedAtMs)
        else reject(new Error(`another client was answered ${answer.statusCode}`))
      })
    })
    asked.once('error', reject)
    asked.end(OTHER)
  })
}

export async function soakHangUps(minutes: number): Promise<void> {
  const server = await startServer({
    ...{ MAX_RUNNING: String(MAX_RUNNING), POOL_SIZE: String(POOL_SIZE), ENVIRONMENTS: 'python' },
  })
  const quietMs: number[] = []
  for (let n = 0; n < QUIET_RUNS; n += 1) {
    await pause(OTHER_EVERY_MS)
    quietMs.push(await other(server))
  }
  const watch = new Watch(server)
  const endMs = performance.now() + minutes * 60_000
  const otherMs: number[] = []
  let sent = 0
  const flood = async () => {
    while (performance.now() < endMs) {
      const ms = SOONEST_MS + Math.random() * (LATEST_MS - SOONEST_MS)
      if (sent % 4 === 3) void cancel(server, ms).catch(() => {})
      else hangUp(server, '/run', FLOOD, ms)
      sent += 1
      await pause(EVERY_MS)
    }
  }
  const others = async () => {
    while (performance.now() < endMs) {
      otherMs.push(await other(server))
      await pause(OTHER_EVERY_MS)
    }
  }
  try {
    await Promise.all([flood(), others()])
  } finally {
    await watch.stop()
    console.log(`\n${sent} requests that were hung up on or cancelled, in ${minutes} minutes`)
    console.table({ 'another client before, ms': row(quietMs), 'and then, ms': row(otherMs) })
    watch.tell(MAX_CONTAINERS)
    const slowest = Math.round(quantile(otherMs, 0.99))
    check('another client, p99', slowest <= MAX_OTHER_MS, `${slowest} ms`)
    await watch.tellLeft()
  }
}
