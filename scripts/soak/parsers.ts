// The parsers' part of the soak: minutes of bodies, forms, heads and queries that are made to be dear to read, over several
// connections, at a server that limits no rate. Fails where an answer is a 5xx, a refusal is long, the server keeps others
// waiting, or its memory grows.

import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import {
  type HostileRequest,
  hostileRequest,
  largeRequests,
  MAX_REFUSAL_BYTES,
} from '../../test/support/hostile-requests.ts'
import { residentMb, startServer } from '../../test/support/server.ts'
import { check, quantile } from './figures.ts'

const CLIENTS = 6
/** Of so many requests one is large. */
const LARGE_EVERY = 8
/** Longest answer to `/healthz` for 99 of 100, in milliseconds. */
const MAX_HEALTH_MS = 250
const MAX_RESIDENT_MB = 400
/** Longest delay of the server's event loop for 99 of 100, in milliseconds, in nine of ten times of 5 s. */
const MAX_LAG_MS = 250
const HEALTH_EVERY_MS = 50
/** How long `/healthz` is looked at before anything else comes, in milliseconds: it tells how busy the machine is. */
const QUIET_MS = 5000
/** How many small requests are made before the clock starts: to make them would keep this process from its own clock. */
const SMALL_REQUESTS = 5000
const SAMPLE_EVERY_MS = 5000

/** A request as it is sent. */
interface Ready extends Omit<HostileRequest, 'body'> {
  bytes: Buffer | undefined
}

interface Answer {
  status: number
  type: string
  bytes: number
  ms: number
}

/** Everything that was seen. */
class Figures {
  readonly answers: Record<string, number> = {}
  readonly faults = new Set<string>()
  readonly ms: number[] = []
  quietMs: number[] = []
  healthMs: number[] = []
  readonly residentMb: number[] = []
  readonly lagMs: number[] = []
  longestRefusalBytes = 0
  sentBytes = 0

  add(sent: Ready, { status, type, bytes, ms }: Answer): void {
    this.answers[status] = (this.answers[status] ?? 0) + 1
    this.ms.push(ms)
    this.sentBytes += sent.bytes?.length ?? 0
    const what = nameOf(sent)
    if (status >= 500) this.faults.add(`${status}: ${what}`)
    if (status < 400 || !type.includes('json')) return
    this.longestRefusalBytes = Math.max(this.longestRefusalBytes, bytes)
    if (bytes > MAX_REFUSAL_BYTES) this.faults.add(`${bytes} bytes of refusal: ${what}`)
  }
}

function nameOf({ name, path }: Ready): string {
  return `${name} at ${path.slice(0, 200)}`
}

function ready({ body, ...others }: HostileRequest): Ready {
  return { ...others, bytes: body === undefined ? undefined : Buffer.from(body) }
}

function send(url: string, agent: Agent, sent: Ready): Promise<Answer> {
  const { method, path, headers, bytes: body } = sent
  const startedAtMs = performance.now()
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': body.length }
    const options = { agent, method, path, headers: { ...headers, ...length } }
    const asked = request(url, options, async (answer) => {
      let bytes = 0
      for await (const piece of answer) bytes += piece.length
      const ms = performance.now() - startedAtMs
      const type = String(answer.headers['content-type'])
      resolve({ status: answer.statusCode ?? 0, type, bytes, ms })
    })
    asked.once('error', reject)
    asked.end(body)
  })
}

export async function soakParsers(minutes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'soak-'))
  const server = await startServer({
    ...{ RUN_LOG: 'on', DATABASE_URL: `file:${join(folder, 'runs.db')}` },
    ...{ READ_RUNS_WITHOUT_KEY: 'on', MAX_RUNNING: '2', POOL_SIZE: '1', ENVIRONMENTS: 'python' },
  })
  const figures = new Figures()
  const large = largeRequests().map((make) => ready(make()))
  const small = fc.sample(hostileRequest, SMALL_REQUESTS).map(ready)
  let next = 0
  let endMs = 0
  const isOver = () => performance.now() >= endMs

  const client = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!isOver()) {
      next += 1
      const kind = next % LARGE_EVERY === 0 ? large : small
      const sent = kind[Math.floor(Math.random() * kind.length)]
      if (!sent) continue
      await send(server.url, agent, sent).then(
        (answer) => figures.add(sent, answer),
        (error) => figures.faults.add(`${error}: ${nameOf(sent)}`),
      )
    }
    agent.destroy()
  }
  /** How long `/healthz` takes, again and again. */
  const watchHealth = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const look = ready({ name: 'health', method: 'GET', path: '/healthz', headers: {} })
    const ms: number[] = []
    while (!isOver()) {
      ms.push((await send(server.url, agent, look)).ms)
      await pause(HEALTH_EVERY_MS)
    }
    agent.destroy()
    return ms
  }
  const sample = async () => {
    while (!isOver()) {
      await pause(Math.min(SAMPLE_EVERY_MS, endMs - performance.now()))
      figures.residentMb.push(residentMb(server.pid))
      const text = await (await fetch(`${server.url}/metrics`)).text()
      figures.lagMs.push(1000 * Number(text.match(/^nodejs_eventloop_lag_p99_seconds (\S+)/m)?.[1]))
    }
  }

  try {
    endMs = performance.now() + QUIET_MS
    figures.quietMs = await watchHealth()
    endMs = performance.now() + minutes * 60_000
    const clients = Array.from({ length: CLIENTS }, client)
    const [healthMs] = await Promise.all([watchHealth(), sample(), ...clients])
    figures.healthMs = healthMs
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true })
  }
  tell(figures, minutes)
}

function tell(figures: Figures, minutes: number): void {
  const { answers, faults, ms, healthMs, residentMb: memory, lagMs } = figures
  const rounded = (values: number[], share: number) => Math.round(quantile(values, share))
  console.log(
    `\n${ms.length} requests, ${Math.round(figures.sentBytes / 2 ** 20)} MiB, in ${minutes} minutes`,
  )
  console.table({
    'request, ms': row(ms),
    '/healthz before, ms': row(figures.quietMs),
    '/healthz, ms': row(healthMs),
    'event loop p99, ms': row(lagMs),
    'resident memory, MB': row(memory),
  })
  console.table(answers)
  for (const fault of [...faults].slice(0, 20)) console.log(`fault: ${fault}`)

  check(
    'no answer is a 5xx or missing, no refusal long',
    faults.size === 0,
    `${faults.size} faults`,
  )
  const { longestRefusalBytes: longest } = figures
  check('the longest refusal', longest <= MAX_REFUSAL_BYTES, `${longest} bytes`)
  const healthP99 = rounded(healthMs, 0.99)
  check('/healthz, p99', healthP99 <= MAX_HEALTH_MS, `${healthP99} ms`)
  const lag = rounded(lagMs, 1)
  check('delay of the event loop, p99 of the worst 5 s', lag <= MAX_LAG_MS, `${lag} ms`)
  const most = rounded(memory, 1)
  check('resident memory', most <= MAX_RESIDENT_MB, `${most} MB`)
}

function row(values: number[]) {
  const of = (share: number) => Number(quantile(values, share).toFixed(1))
  return { p50: of(0.5), p99: of(0.99), most: of(1) }
}
