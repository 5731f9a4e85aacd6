// What a queue between server and programs costs, and how many programs go through it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { redisService, type Service } from '../test/support/services.ts'
import { type StubProcess, startStub } from '../test/support/stub-process.ts'
import {
  milliseconds,
  ms,
  percentile,
  post,
  ROUNDS,
  report,
  type Server,
  spread,
  startServer,
} from './bench-support.ts'

/** How long a used container takes to be replaced, in milliseconds. */
const REFILL_MS = 1200
/** Places of one simulated host, and how long a program takes there, in milliseconds. */
const SLOTS = 3
const PROGRAM_MS = 100
/** Load before a rate is measured, and while it is, in milliseconds. */
const RUN_UP_MS = 2000
const LOAD_MS = 10_000
/** Of a processor's time in /proc. */
const MS_PER_TICK = 10

export async function queue(): Promise<void> {
  const redis = await redisService()
  try {
    await added(redis)
    await scaling(redis)
  } finally {
    await redis.remove()
  }
}

/** Warm answers in turns: of a server with an engine, and of one that has a worker with that engine do it. */
async function added(redis: Service): Promise<void> {
  console.error('what the queue adds')
  const settings = { POOL_SIZE: '1', REDIS_URL: redis.url, QUEUE_PREFIX: 'bench-added' }
  const worker = await startWorker(settings)
  const servers = {
    docker: await startServer({ POOL_SIZE: '1' }),
    queue: await startServer({ ...settings, EXECUTOR: 'queue' }),
  }
  const times: Record<keyof typeof servers, number[]> = { docker: [], queue: [] }
  await pause(5000)
  for (let round = 0; round < ROUNDS; round += 1) {
    const names = ['docker', 'queue'] as const
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      await pause(REFILL_MS)
      times[name].push(await milliseconds(() => checked(servers[name])))
    }
  }
  for (const server of Object.values(servers)) await server.stop()
  await ended(worker)
  for (const [name, values] of Object.entries(times)) {
    report(`POST /run, warm, EXECUTOR=${name}`, spread(values))
  }
  const difference = percentile(times.queue, 0.5) - percentile(times.docker, 0.5)
  report('added by the queue, p50', ms(difference), 'at most 5 ms')
}

/** Runs a second through one server and one Redis, with so many simulated hosts. */
async function scaling(redis: Service): Promise<void> {
  console.error('simulated hosts')
  const settings = {
    REDIS_URL: redis.url,
    QUEUE_PREFIX: 'bench-scaling',
    MAX_QUEUED: '10000',
    MAX_RESULTS_MB: '1024',
  }
  const server = await startServer({ ...settings, EXECUTOR: 'queue', LOG_LEVEL: 'info' })
  let first = Number.NaN
  for (const hosts of [1, 2, 4, 8, 16]) {
    const stubs = await startHosts(redis.url, settings.QUEUE_PREFIX, hosts)
    await pause(1500)
    const { perSecond, times, cpu } = await load(server, hosts, {
      server: server.pid,
      Redis: redis.pid(),
      'a worker process': stubs[0]?.process.pid ?? 0,
    })
    for (const stub of stubs) await stub.kill('SIGTERM')
    if (hosts === 1) first = perSecond
    const own = times.map((time) => time - PROGRAM_MS)
    const ratio = perSecond / first
    const asked = { 2: 'at least 1.9', 16: 'at least 14' }[hosts]
    report(`${hosts} hosts of ${SLOTS} places: runs a second`, perSecond.toFixed(1))
    report(`${hosts} hosts: times one host`, ratio.toFixed(2), asked)
    report(`${hosts} hosts: the queue's own share`, spread(own))
    report(`${hosts} hosts: CPU for each run`, cpu)
  }
  await server.stop()
}

/** Simulated hosts in two processes: what a host computes is what its worker does. */
async function startHosts(url: string, prefix: string, hosts: number): Promise<StubProcess[]> {
  const halves = hosts === 1 ? [1] : [Math.ceil(hosts / 2), Math.floor(hosts / 2)]
  return Promise.all(
    halves.map((count) =>
      startStub(url, prefix, {
        ...{ STUB_WORKERS: String(count), STUB_SLOTS: String(SLOTS), STUB_TELLS: '' },
        STUB_MS: String(PROGRAM_MS),
      }),
    ),
  )
}

/** As many clients as there are places: what is longer than the program is the queue's own share. */
async function load(server: Server, hosts: number, pids: Record<string, number>) {
  const clients = hosts * SLOTS
  const startMs = performance.now() + RUN_UP_MS
  const endMs = startMs + LOAD_MS
  const times: number[] = []
  let all = 0
  const before = ticks(pids)
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < endMs) {
        const askedMs = performance.now()
        await checked(server, 'stub')
        all += 1
        const nowMs = performance.now()
        if (askedMs >= startMs && nowMs < endMs) times.push(nowMs - askedMs)
      }
    }),
  )
  const after = ticks(pids)
  const cpu = Object.keys(pids)
    .map(
      (name) => `${name} ${ms((((after[name] ?? 0) - (before[name] ?? 0)) * MS_PER_TICK) / all)}`,
    )
    .join(', ')
  return { perSecond: times.length / (LOAD_MS / 1000), times, cpu }
}

function ticks(pids: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(pids).map(([name, pid]) => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
      return [name, Number(fields[11]) + Number(fields[12])]
    }),
  )
}

/** A stub answers with the program itself. */
async function checked(server: Server, kind: 'real' | 'stub' = 'real'): Promise<void> {
  const status = await post(
    server,
    undefined,
    kind === 'stub' ? (output) => output !== '' : undefined,
  )
  if (status !== 200) throw new Error(`status ${status}`)
}

async function startWorker(settings: Record<string, string>): Promise<ChildProcess> {
  const child = spawn('node', ['dist/main.js', 'worker'], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the worker ended')))
    createInterface(child.stdout).on('line', (line) => {
      if (line.includes('taking programs')) resolve()
    })
  })
  return child
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}
