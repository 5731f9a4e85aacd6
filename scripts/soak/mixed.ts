// The mixed part of the soak: minutes of ordinary and bad requests on a server with Redis and Postgres, each of them and the
// engine stopped and started once, and at the end whether every request got a right answer, nothing grew, and /metrics
// tells the truth. It needs root for an engine of its own (the machine's is not touched), and Debian's redis-server and
// postgresql.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient, RefusedError } from '../../src/client/client.ts'
import { keyDigest, newKey } from '../../src/keys/api-key.ts'
import { OwnEngine } from '../../test/support/own-engine.ts'
import { residentMb, type Server, startServer } from '../../test/support/server.ts'
import { postgresService, redisService } from '../../test/support/services.ts'
import { check, quantile } from './figures.ts'

const CLIENTS = 8
/** How long one of the services is away, in milliseconds. */
const OUTAGE_MS = 15_000
const SAMPLE_MS = 5000
/** How much more memory the last third of the time may take than the first, and how many megabytes in any case. */
const MAX_GROWTH = 1.15
const GROWTH_SLACK_MB = 10

const IMAGE = 'safe-code-executor-python'
const [key, scarceKey] = [newKey(), newKey()]

/** What clients saw: outcomes by status, refusals by code, and those who hung up. */
const seen: Record<string, number> = {}
const wrong: string[] = []
const count = (what: string) => {
  seen[what] = (seen[what] ?? 0) + 1
}

/** Whether the engine is away or was so just now: programs may be refused, or killed with it. */
let isEngineAway = false
const AWAY = ['refused unavailable', 'refused busy', 'run killed']

type Kind = (server: Server) => Promise<string>

/** Each kind of request, with what may come of it. */
const KINDS: readonly { name: string; send: Kind; right: readonly string[] }[] = [
  { name: 'good', send: (server) => run(server, 'print(2 + 2)'), right: ['run ok'] },
  {
    name: 'good, streamed',
    send: (server) => stream(server, 'for n in range(5): print(n)'),
    right: ['run ok'],
  },
  { name: 'failing', send: (server) => run(server, '1/0'), right: ['run error'] },
  { name: 'timeout', send: (server) => run(server, 'while True: pass'), right: ['run timeout'] },
  {
    name: 'flood',
    send: (server) => run(server, 'while True: print("x" * 1000)'),
    right: ['run output_limit', 'run timeout'],
  },
  {
    name: 'memory',
    send: (server) => run(server, 'b = []\nwhile True: b.append(bytearray(2**20))'),
    right: ['run oom', 'run timeout'],
  },
  { name: 'hung up', send: hangUp, right: ['refused cancelled'] },
  {
    name: 'too much',
    send: (server) => run(server, 'print(1)', scarceKey),
    right: ['refused rate_limited', 'run ok'],
  },
  {
    name: 'bad body',
    send: (server) => raw(server, '{"code":', 'application/json'),
    right: ['refused invalid_request'],
  },
  {
    name: 'bad type',
    send: (server) => raw(server, 'code=1', 'text/plain'),
    right: ['refused unsupported_media_type'],
  },
  {
    name: 'too large',
    send: (server) => raw(server, 'x'.repeat(3 * 2 ** 20), 'application/json'),
    right: ['refused too_large'],
  },
  {
    name: 'no key',
    send: (server) => run(server, 'print(1)', 'wrong'),
    right: ['refused unauthorized'],
  },
]

async function run(server: Server, code: string, as = key): Promise<string> {
  const client = createClient({ url: server.url, key: as })
  return ended(async () => (await client.run({ code, timeoutSeconds: 1 })).status)
}

async function stream(server: Server, code: string): Promise<string> {
  const client = createClient({ url: server.url, key })
  return ended(async () => {
    for await (const event of client.stream({ code, timeoutSeconds: 2 })) {
      if (event.type === 'result') return event.outcome.status
    }
    return 'nothing'
  })
}

async function hangUp(server: Server): Promise<string> {
  const signal = AbortSignal.timeout(500 + Math.floor(Math.random() * 1000))
  const client = createClient({ url: server.url, key })
  const code = 'import time\nwhile True: time.sleep(1)'
  const what = await ended(() =>
    client.run({ code, timeoutSeconds: 9 }, { signal }).then(({ status }) => status),
  )
  return signal.aborted && what.startsWith('failed') ? 'refused cancelled' : what
}

async function raw(server: Server, body: string, type: string): Promise<string> {
  const headers = { 'Content-Type': type, Authorization: `Bearer ${key}` }
  const response = await server.post(null, { body, headers })
  const { code } = (await response.json()) as { code: string }
  return `refused ${code}`
}

async function ended(task: () => Promise<string>): Promise<string> {
  try {
    return `run ${await task()}`
  } catch (error) {
    return error instanceof RefusedError ? `refused ${error.code}` : `failed: ${error}`
  }
}

async function client(server: Server, endMs: number): Promise<void> {
  while (performance.now() < endMs) {
    const kind = KINDS[Math.floor(Math.random() * KINDS.length)]
    if (!kind) continue
    const wasAway = isEngineAway
    const what = await kind.send(server).catch((error) => `failed: ${error}`)
    count(what)
    const mayBeAway = (wasAway || isEngineAway) && AWAY.includes(what)
    if (!kind.right.includes(what) && !mayBeAway) wrong.push(`${kind.name}: ${what}`)
    // One that is refused at once would be sent thousands of times.
    await pause(50)
  }
}

/** Numbers of the server that must not grow. */
function sample(pid: number) {
  return { residentMb: residentMb(pid), descriptors: readdirSync(`/proc/${pid}/fd`).length }
}

/** All counters of /metrics by their line. */
async function counters(server: Server): Promise<Map<string, number>> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  return new Map(
    text
      .split('\n')
      .filter((line) => line.startsWith('safe_code_executor_'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  )
}

export async function soakMixed(minutes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'soak-'))
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true })]
  try {
    console.log('starting Redis, Postgres, an engine and the server …')
    const redis = await redisService()
    closers.push(redis.remove)
    const postgres = await postgresService()
    closers.push(postgres.remove)
    const engine = await OwnEngine.create(IMAGE)
    closers.push(() => engine.remove())
    const keys = [
      {
        name: 'soak',
        sha256: keyDigest(key),
        rights: ['run', 'read-runs'],
        rateLimitRequests: 1e6,
      },
      {
        name: 'scarce',
        sha256: keyDigest(scarceKey),
        rateLimitRequests: 2,
        rateLimitWindowSeconds: 5,
      },
    ]
    writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys }))
    const server = await startServer({
      ...{ API_KEYS_FILE: join(folder, 'keys.json'), DOCKER_HOST: engine.dockerHost },
      ...{ RATE_LIMIT: 'on', REDIS_URL: redis.url, DATABASE_URL: postgres.url },
      ...{ MAX_RUNNING: '4', POOL_SIZE: '2' },
    })
    closers.push(() => server.stop())
    const before = sample(server.pid)

    const startMs = performance.now()
    const endMs = startMs + minutes * 60_000
    const minute = () => ((performance.now() - startMs) / 60_000).toFixed(1)
    const outage = async (
      name: string,
      share: number,
      stop: () => unknown,
      start: () => unknown,
    ) => {
      await pause(minutes * 60_000 * share)
      console.log(`${minute()} min: ${name} stops`)
      isEngineAway ||= name === 'the engine'
      await stop()
      await pause(Math.min(OUTAGE_MS, minutes * 6000))
      await start()
      console.log(`${minute()} min: ${name} is back`)
      // What was under way when it came back, and a circuit that is about to try again.
      if (name === 'the engine') setTimeout(() => (isEngineAway = false), 20_000)
    }
    const samples: ReturnType<typeof sample>[] = []
    const sampler = setInterval(() => samples.push(sample(server.pid)), SAMPLE_MS)
    const progress = setInterval(() => {
      const total = Object.values(seen).reduce((a, b) => a + b, 0)
      const { residentMb, descriptors } = sample(server.pid)
      console.log(
        `${minute()} min: ${total} answers, ${wrong.length} wrong, ${residentMb.toFixed(0)} MB, ${descriptors} descriptors`,
      )
      for (const one of new Set(wrong.slice(-5))) console.log(`           wrong: ${one}`)
    }, 30_000)
    await Promise.all([
      ...Array.from({ length: CLIENTS }, () => client(server, endMs)),
      outage('Redis', 0.25, () => redis.stop(), redis.start),
      outage('Postgres', 0.45, () => postgres.stop(), postgres.start),
      outage(
        'the engine',
        0.65,
        () => engine.stop(),
        () => engine.start(),
      ),
    ])
    clearInterval(sampler)
    clearInterval(progress)

    const runs = Object.entries(seen).filter(([what]) => what.startsWith('run '))
    const total = runs.reduce((sum, [, number]) => sum + number, 0)
    for (let tries = 0; tries < 60; tries += 1) {
      if ((await counters(server)).get('safe_code_executor_run_log_queued') === 0) break
      await pause(500)
    }
    const told = await counters(server)
    console.log(
      `\n${Object.values(seen).reduce((a, b) => a + b, 0)} answers in ${minute()} minutes:`,
    )
    for (const [what, number] of Object.entries(seen).sort()) console.log(`  ${what}: ${number}`)
    console.log()

    check(
      'every answer is a right one',
      wrong.length === 0,
      `${wrong.length} wrong ${[...new Set(wrong)]}`,
    )
    const differences = Object.entries(seen).flatMap(([what, number]) => {
      const [kind, name] = what.split(' ')
      const line =
        kind === 'run'
          ? `runs_total{status="${name}",environment="python"}`
          : `refusals_total{code="${name}"}`
      const counted = told.get(`safe_code_executor_${line}`)
      return counted === number ? [] : [`${what}: ${number} seen, ${counted} counted`]
    })
    check(
      '/metrics counts what clients saw',
      differences.length === 0,
      differences.join(', ') || 'equal',
    )
    const written = told.get('safe_code_executor_run_log_written_total')
    check('every run is in the run log', written === total, `${written} of ${total}`)
    const headers = { Authorization: `Bearer ${key}` }
    const stats = await (await fetch(`${server.url}/stats`, { headers })).json()
    check('the database has them', stats.runs === total, `${stats.runs} of ${total}`)

    const third = Math.floor(samples.length / 3)
    const memory = samples.map(({ residentMb }) => residentMb)
    const [first, last] = [
      quantile(memory.slice(0, third), 0.5),
      quantile(memory.slice(-third), 0.5),
    ]
    check(
      'memory does not grow',
      last <= first * MAX_GROWTH + GROWTH_SLACK_MB,
      `median of the first third ${first.toFixed(0)} MB, of the last ${last.toFixed(0)} MB, at most ${Math.max(...memory).toFixed(0)} MB`,
    )
    await pause(8000) // connections that were kept alive, and containers of the last runs
    const after = sample(server.pid)
    check(
      'descriptors are given back',
      after.descriptors <= before.descriptors + CLIENTS * 2,
      `${before.descriptors} before, ${after.descriptors} after`,
    )
    const left = (await engine.containers()).length
    check('containers are those that wait', left <= 2, `${left} with a pool of 2`)
    await server.stop()
    const gone = (await engine.containers()).length
    check('the end leaves none', gone === 0, `${gone}`)
  } finally {
    for (const close of closers.reverse()) await close()
  }
}
