// The parsers' part of the soak: minutes of bodies, forms, heads and queries that are made to be dear to read, over several
// connections, at a server that limits no rate. Fails where an answer is a 5xx, a refusal is long, the server keeps others
// waiting, or its memory grows.

import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  type HostileRequest,
  hostileRequest,
  largeRequests,
  MAX_REFUSAL_BYTES,
} from '../../test/support/hostile-requests.ts'
import { startServer } from '../../test/support/server.ts'
import { check } from './figures.ts'
import { row, timedGet, Watch } from './watch.ts'

const CLIENTS = 6
/** Of so many requests one is large. */
const LARGE_EVERY = 8
/** How long `/healthz` is looked at before anything else comes, in milliseconds: it tells how busy the machine is. */
const QUIET_MS = 5000
/** How many small requests are made before the clock starts: to make them would keep this process from its own clock. */
const SMALL_REQUESTS = 5000

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
    ...{ DATABASE_URL: `file:${join(folder, 'runs.db')}` },
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
  try {
    endMs = performance.now() + QUIET_MS
    while (!isOver()) figures.quietMs.push(await timedGet(`${server.url}/healthz`))
    const watch = new Watch(server)
    endMs = performance.now() + minutes * 60_000
    await Promise.all(Array.from({ length: CLIENTS }, client))
    await watch.stop()
    tell(figures, minutes)
    watch.tell()
    await watch.tellLeft()
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true })
  }
}

function tell(figures: Figures, minutes: number): void {
  const { answers, faults, ms } = figures
  console.log(
    `\n${ms.length} requests, ${Math.round(figures.sentBytes / 2 ** 20)} MiB, in ${minutes} minutes`,
  )
  console.table({
    'request, ms': row(ms),
    '/healthz before, ms': row(figures.quietMs),
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
}
