// Attack: one client floods the server. The turns of others come as if it sent no more than they do.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/config.ts'
import { maxWaiting } from '../../src/executor/spec.ts'
import { eventually } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'

const MAX_RUNNING = '1'
const MAX_WAITING = maxWaiting(parseConfig({ MAX_RUNNING }))
/** Enough to keep the line full and to have some refused. */
const FLOOD_CLIENTS = 40
const CALM_RUNS = 7

let server: Server
beforeEach(async () => {
  server = await startServer({
    ...{
      API_KEYS: 'key-of-the-flood,key-of-the-calm-one',
      POOL_SIZE: '2',
      MAX_WAIT_SECONDS: '120',
    },
    MAX_RUNNING,
  })
})
afterEach(() => server.stop())

/** Posts a program with a key, and measures the answer. */
async function timedRun(key: string, code: string, signal = AbortSignal.timeout(150_000)) {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` }
  const startedAtMs = performance.now()
  const response = await server.post({ code }, { headers, signal })
  await response.arrayBuffer()
  const retryAfterSeconds = Number(response.headers.get('Retry-After'))
  return { status: response.status, retryAfterSeconds, ms: performance.now() - startedAtMs }
}

type Answer = Awaited<ReturnType<typeof timedRun>>

/** Keeps many programs of half a second waiting; comes back at once, whatever it is told. */
function startFlood() {
  const answers: Answer[] = []
  const end = new AbortController()
  const client = async () => {
    while (!end.signal.aborted) {
      const code = 'import time; time.sleep(0.5)'
      const answer = await timedRun('key-of-the-flood', code, end.signal)
      answers.push(answer)
      if (answer.status === 503) await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const clients = Array.from({ length: FLOOD_CLIENTS }, () => client().catch(() => {}))
  const stop = async () => {
    end.abort()
    await Promise.all(clients)
  }
  const served = () => answers.filter(({ status }) => status === 200)
  const refused = () => answers.filter(({ status }) => status === 503)
  return { served, refused, stop }
}

it('a flood of one key leaves the turns of another one alone', { timeout: 180_000 }, async () => {
  const calmRun = () => timedRun('key-of-the-calm-one', 'print("calm")')
  const flood = startFlood()
  try {
    await eventually('the line is full and moves', 60_000, () => {
      return flood.refused().length > 0 && flood.served().length > MAX_WAITING
    })
    const calm: (Answer & { overtakenBy: number })[] = []
    for (let i = 0; i < CALM_RUNS; i += 1) {
      const servedBefore = flood.served().length
      const answer = await calmRun()
      calm.push({ ...answer, overtakenBy: flood.served().length - servedBefore })
    }
    expect(calm.map(({ status }) => status)).toEqual(Array(CALM_RUNS).fill(200))
    // Counted in turns, so that a slow machine makes no difference: two until it is let in, those beside its own run, and
    // as many again for what the machine does meanwhile. First come first served it would be the whole line, at best.
    for (const { overtakenBy } of calm) expect(overtakenBy).toBeLessThan(10)
    expect(median(calm)).toBeLessThan(median(flood.served().slice(-MAX_WAITING)) / 2)
    // Places that sleep half a second can't serve those who wait sooner, and the server has seen that.
    const { retryAfterSeconds } = flood.refused().at(-1) as Answer
    expect(retryAfterSeconds).toBeGreaterThanOrEqual(MAX_WAITING * 0.5 - 1)
    expect(retryAfterSeconds).toBeLessThanOrEqual(60)
  } finally {
    await flood.stop()
  }
  await eventually('the flood is over', 10_000, async () => (await calmRun()).ms < 5000)
})

function median(answers: readonly Answer[]): number {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
