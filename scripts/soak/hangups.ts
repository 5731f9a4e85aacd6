// The part of the soak with clients that hang up: posts that are dropped after 10 to 500 ms, and runs that are submitted and
// cancelled; before that, for a tenth of the time, posts that are dropped before any program can start. Fails where
// containers pile up, another client waits, or something stays.

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
/** When those of the flood hang up, in milliseconds. */
type Range = readonly [soonestMs: number, latestMs: number]
const BEFORE_START: Range = [1, 5]
const AT_ANY_TIME: Range = [10, 500]
const OTHER_EVERY_MS = 700
/** Shortest time of the first flood, in milliseconds: a median of fewer runs of another client says little. */
const MIN_EARLY_MS = 30_000
const QUIET_RUNS = 20
/** Longest answer to another client while programs of the flood start, in milliseconds. */
const MAX_OTHER_MS = 2000
/** Longest answer to it while none of them starts, as a multiple of what it takes where nobody else is. */
const MAX_TIMES_QUIET = 5

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
  let sent = 0
  /** What another client's runs take while a flood hangs up in a range of times. */
  const flood = async (range: Range, cancels: boolean, ms: number): Promise<number[]> => {
    const endMs = performance.now() + ms
    const otherMs: number[] = []
    const send = async () => {
      while (performance.now() < endMs) {
        const afterMs = range[0] + Math.random() * (range[1] - range[0])
        if (cancels && sent % 4 === 3) void cancel(server, afterMs).catch(() => {})
        else hangUp(server, '/run', FLOOD, afterMs)
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
    await Promise.all([send(), others()])
    return otherMs
  }
  const allMs = minutes * 60_000
  let earlyMs: number[] = []
  let otherMs: number[] = []
  try {
    earlyMs = await flood(BEFORE_START, false, Math.max(MIN_EARLY_MS, allMs / 10))
    otherMs = await flood(AT_ANY_TIME, true, (allMs / 10) * 9)
  } finally {
    await watch.stop()
    console.log(`\n${sent} requests that were hung up on or cancelled, in ${minutes} minutes`)
    console.table({
      'another client before, ms': row(quietMs),
      'while no program starts, ms': row(earlyMs),
      'and then, ms': row(otherMs),
    })
    watch.tell(MAX_CONTAINERS)
    const times = quantile(earlyMs, 0.5) / quantile(quietMs, 0.5)
    check(
      'another client while no program starts',
      times <= MAX_TIMES_QUIET,
      `${times.toFixed(1)} times its quiet time`,
    )
    const slowest = Math.round(quantile(otherMs, 0.99))
    check('another client, p99', slowest <= MAX_OTHER_MS, `${slowest} ms`)
    await watch.tellLeft()
  }
}
