// npm run bench -- engines: the same work with ENGINE=docker, runc and crun, in turns. Needs root, as runc and crun do.
//
// BENCH_TURNS (default 5) is the number of turns of each engine, BENCH_SECONDS (default 6) the length of one load.

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import {
  fastestPython,
  milliseconds,
  ms,
  PROGRAM,
  percentile,
  post,
  report,
  type Server,
  startServer,
} from './bench-support.ts'

const ENGINES = ['docker', 'runc', 'crun'] as const
type EngineName = (typeof ENGINES)[number]

/** How often all engines are measured, one after the other. */
const TURNS = Number(process.env.BENCH_TURNS ?? 5)
/** Single measurements in each turn. */
const SAMPLES = 8
const CLIENTS = [1, 2, 4, 8, 32]
/** Clients of the load of which the shares of CPU time are told. */
const SHARES_CLIENTS = 4
const LOAD_MS = Number(process.env.BENCH_SECONDS ?? 6) * 1000
/** Load before a rate is measured, in milliseconds: the containers that waited are used up. */
const RUN_UP_MS = 2000
const CLASSES = [30, 300]
const WAITING = 10
/** Time for containers that start or end behind an answer, in milliseconds. */
const SETTLE_MS = 3000
/** Clock ticks a second in /proc, on every Linux that Node runs on. */
const TICKS = 100

/** All values of one measurement, by engine. */
class Measurement {
  readonly #values = new Map<EngineName, number[]>(ENGINES.map((engine) => [engine, []]))
  readonly what: string
  readonly print: (value: number) => string

  constructor(what: string, print: (value: number) => string = ms) {
    this.what = what
    this.print = print
  }

  add(engine: EngineName, ...values: number[]): void {
    this.#values.get(engine)?.push(...values)
  }

  value(engine: EngineName, share = 0.5): number {
    return percentile(this.#values.get(engine) ?? [], share)
  }

  /** Reports the median of each engine; `asked` is a bound on the ratio to Docker. */
  report(asked: Partial<Record<EngineName, string>> = {}, share = 0.5): void {
    const docker = this.value('docker', share)
    for (const engine of ENGINES) {
      const value = this.value(engine, share)
      const ratio =
        engine === 'docker' || docker === 0 ? '' : ` (${(value / docker).toFixed(2)} of docker)`
      report(`${this.what}, ${engine}`, `${this.print(value)}${ratio}`, asked[engine])
    }
  }
}

const perSecond = (value: number) => `${value.toFixed(1)} a second`
const megabytes = (value: number) => `${value.toFixed(1)} MB`

const cold = new Measurement('cold')
const warm = new Measurement('warm')
const bare = new Measurement('bare python3')
const memory = new Measurement('a waiting container, with all that holds it', megabytes)
const rates = CLIENTS.map((clients) => new Measurement(`${clients} clients`, perSecond))
const classes = CLASSES.map((size) => ({
  size,
  last: new Measurement(`${size} at once, last answer`),
  refused: new Measurement(`${size} at once, refused`, String),
}))
const SHARES = ['server', 'commands', 'daemons', 'rest'] as const
const shares = {
  server: new Measurement('CPU a run: the server'),
  commands: new Measurement('CPU a run: commands that it starts (docker, or the runtime)'),
  daemons: new Measurement('CPU a run: dockerd and containerd'),
  rest: new Measurement('CPU a run: Python, and what no one waits for'),
}

export async function engines(): Promise<void> {
  if (process.getuid?.() !== 0) return report('engines', 'not measured: runc and crun need root')
  for (const ENGINE of ENGINES)
    await execa('sh', ['scripts/setup.sh', 'images'], { env: { ENGINE }, stdio: 'inherit' })
  const python = await fastestPython()
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const engine of ENGINES) {
      console.error(`turn ${turn + 1} of ${TURNS}, ${engine}`)
      await measureWaiting(engine)
      await measureCold(engine, python)
      await measureWarmAndLoad(engine)
    }
  }
  report('bare python3 -I -c', ms(bare.value('docker')))
  cold.report({ crun: 'at most 0.20' })
  cold.report({}, 0.95)
  const ofBare = cold.value('crun') / bare.value('docker')
  report('  cold with crun / bare python3', ofBare.toFixed(2), 'at most 3')
  warm.report({ runc: 'at most 1', crun: 'at most 1' })
  for (const rate of rates) rate.report({ runc: 'at least 3.5', crun: 'at least 6' })
  for (const { last, refused } of classes) {
    last.report({ runc: 'at most 0.25', crun: 'at most 0.25' })
    refused.report()
  }
  for (const share of SHARES) shares[share].report()
  memory.report({ runc: 'under 0.5', crun: 'under 0.5' })
}

/** Calls `task` with a server, and waits until what it left behind has ended. */
async function withServer(
  settings: Record<string, string>,
  task: (server: Server) => Promise<void>,
): Promise<void> {
  const server = await startServer({ ENVIRONMENTS: 'python', ...settings })
  try {
    await pause(SETTLE_MS)
    await task(server)
  } finally {
    await server.stop()
  }
}

async function measureWaiting(engine: EngineName): Promise<void> {
  const available: number[] = []
  for (const size of [0, WAITING])
    await withServer({ ENGINE: engine, POOL_SIZE: String(size) }, async () => {
      available.push(availableMb())
    })
  memory.add(engine, ((available[0] ?? 0) - (available[1] ?? 0)) / WAITING)
}

async function measureCold(engine: EngineName, python: string): Promise<void> {
  await withServer({ ENGINE: engine, POOL_SIZE: '0' }, async (server) => {
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      bare.add('docker', await milliseconds(() => execa(python, ['-I', '-c', PROGRAM])))
      cold.add(engine, await milliseconds(() => post(server)))
      await pause(300) // the container is removed behind the answer
    }
  })
}

async function measureWarmAndLoad(engine: EngineName): Promise<void> {
  await withServer({ ENGINE: engine }, async (server) => {
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      warm.add(engine, await milliseconds(() => post(server)))
      await pause(1000) // the pool refills
    }
    for (const [index, clients] of CLIENTS.entries()) {
      rates[index]?.add(engine, await measureLoad(engine, server, clients))
      await pause(SETTLE_MS)
    }
    for (const { size, last, refused } of classes) {
      const ends = await Promise.all(
        Array.from({ length: size }, async () => {
          const start = performance.now()
          const status = await post(server)
          return { status, ms: performance.now() - start }
        }),
      )
      last.add(engine, Math.max(...ends.map((end) => end.ms)))
      refused.add(engine, ends.filter(({ status }) => status !== 200).length)
      await pause(SETTLE_MS)
    }
  })
}

/** Runs a second that `clients` get, after the run-up. */
async function measureLoad(engine: EngineName, server: Server, clients: number): Promise<number> {
  const start = performance.now() + RUN_UP_MS
  const end = start + LOAD_MS
  let finished = 0
  const client = async () => {
    while (performance.now() < end) {
      const status = await post(server)
      if (status !== 200) throw new Error(`status ${status}`)
      if (performance.now() >= start && performance.now() < end) finished += 1
    }
  }
  const all = Promise.all(Array.from({ length: clients }, client))
  await pause(RUN_UP_MS)
  const before = cpuMs(server.pid)
  await pause(LOAD_MS)
  const after = cpuMs(server.pid)
  if (clients === SHARES_CLIENTS) {
    for (const share of SHARES) shares[share].add(engine, (after[share] - before[share]) / finished)
  }
  await all
  return finished / (LOAD_MS / 1000)
}

/** CPU time that was used on this machine so far, in milliseconds: by whom. This process is left out. */
function cpuMs(server: number): Record<(typeof SHARES)[number], number> {
  const own = process.cpuUsage()
  const { self, children } = processMs(server)
  const daemons = readdirSync('/proc')
    .filter((pid) => ['dockerd', 'containerd'].includes(commandOf(pid)))
    .reduce((sum, pid) => sum + processMs(Number(pid)).self, 0)
  const rest = busyMs() - (own.user + own.system) / 1000 - self - children - daemons
  return { server: self, commands: children, daemons, rest }
}

function commandOf(pid: string): string {
  if (!/^\d+$/.test(pid)) return ''
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim()
  } catch {
    return '' // it has ended
  }
}

/** CPU time of a process, and of its children that it waited for. */
function processMs(pid: number): { self: number; children: number } {
  // The name in brackets may hold blanks: fields are counted behind it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number)
  const inMs = (ticks = 0) => (ticks * 1000) / TICKS
  return {
    self: inMs(user) + inMs(system),
    children: inMs(childUser) + inMs(childSystem),
  }
}

/** Time of all cores that was not idle. */
function busyMs(): number {
  const line = readFileSync('/proc/stat', 'latin1').match(/^cpu +(.*)$/m)?.[1] ?? ''
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = line.split(' ').map(Number)
  return ((user + nice + system + irq + softIrq) * 1000) / TICKS
}

function availableMb(): number {
  const kib = readFileSync('/proc/meminfo', 'latin1').match(/^MemAvailable: +(\d+)/m)?.[1]
  return Number(kib) / 1024
}
