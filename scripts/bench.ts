// npm run bench: one table of times, rates and memory, all measured in one run on this machine.
//
// Ratios are what counts: this machine may be slow or busy, but both sides of a ratio are measured in turns.
//   npm run bench                  everything
//   npm run bench -- data stream   these parts of latency, throughput, overload, data, stream, operation,
//                                  queue, unread, engines
//
// BENCH_ROUNDS (default 40) is the number of single measurements, BENCH_SECONDS (default 15) the length of one load.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import { parseConfig } from '../src/config/config.ts'
import { userIds } from '../src/engines/container-spec.ts'
import { dockerRunArgs } from '../src/engines/printed-limits.ts'
import { containerSpec, maxWaiting } from '../src/executor/spec.ts'
import { dataImport, streaming } from './bench-api.ts'
import { engines } from './bench-engines.ts'
import { operation } from './bench-operation.ts'
import { queue } from './bench-queue.ts'
import {
  fastestPython,
  milliseconds,
  ms,
  PROGRAM,
  percentile,
  post,
  printTable,
  ROUNDS,
  report,
  spread,
  startServer,
} from './bench-support.ts'
import { unread } from './bench-unread.ts'

const LOAD_MS = Number(process.env.BENCH_SECONDS ?? 15) * 1000
/** Load before a rate is measured, in milliseconds: more than the pool can answer. */
const RUN_UP_MS = 5000
const OVERLOAD_CLIENTS = 300

/** Calls `task` from `clients` loops; calls a second that were finished, after the warm containers are used up. */
async function rate(clients: number, task: () => Promise<unknown>): Promise<number> {
  const start = performance.now() + RUN_UP_MS
  const end = start + LOAD_MS
  let finished = 0
  const client = async () => {
    while (performance.now() < end) {
      await task()
      if (performance.now() >= start && performance.now() < end) finished += 1
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return finished / (LOAD_MS / 1000)
}

function residentMb(pid: number): number {
  const kib = readFileSync(`/proc/${pid}/status`, 'latin1').match(/VmRSS:\s+(\d+)/)?.[1]
  return Number(kib) / 1024
}

const config = parseConfig({})
const spec = containerSpec(config, 'bench')
const users = userIds()

/** Plain `docker run` with the same flags, Python in the place of the runner. */
async function plainRun(): Promise<void> {
  const name = `safe-code-executor-bench-${randomBytes(6).toString('hex')}`
  const args = dockerRunArgs({ name, userId: users.next().value }, spec, [
    'python3',
    '-I',
    '-c',
    PROGRAM,
  ])
  const { stdout } = await execa(config.DOCKER_BIN, args, { input: '' })
  if (stdout !== '4') throw new Error(`a wrong answer: ${stdout}`)
}

async function latencies(): Promise<void> {
  const python = await fastestPython()
  report('bare python3 is', python)
  const barePython = () => execa(python, ['-I', '-c', PROGRAM])

  console.error('one client, warm')
  const warmServer = await startServer({})
  const bare: number[] = []
  const warm: number[] = []
  await pause(5000)
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(await milliseconds(barePython))
    warm.push(await milliseconds(() => post(warmServer)))
    await pause(1500) // the pool refills
  }
  await warmServer.stop()
  report('bare python3 -I -c', spread(bare))
  report('POST /run, warm', spread(warm))
  const warmRatio = percentile(warm, 0.5) / percentile(bare, 0.5)
  report('  warm / bare python3, p50', warmRatio.toFixed(2), 'under 1.0')

  console.error('one client, cold')
  const coldServer = await startServer({ POOL_SIZE: '0' })
  const plain: number[] = []
  const cold: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    plain.push(await milliseconds(plainRun))
    cold.push(await milliseconds(() => post(coldServer)))
    await pause(300) // the container is removed behind the answer
  }
  await coldServer.stop()
  report('plain docker run, same flags', spread(plain))
  report('POST /run, cold (POOL_SIZE=0)', spread(cold))
  const coldRatio = percentile(cold, 0.5) / percentile(plain, 0.5)
  report('  cold / plain docker run, p50', coldRatio.toFixed(2), 'at most 1.1')
}

async function throughput(): Promise<void> {
  console.error('sustained')
  const server = await startServer({})
  const plainRates: number[] = []
  const rates: number[] = []
  const postRun = async () => {
    const status = await post(server)
    if (status !== 200) throw new Error(`status ${status}`)
  }
  for (const clients of [1, 2, 4, 8, 32]) {
    // Plain before and after: a machine that slows down meanwhile must not decide.
    const before = await rate(clients, plainRun)
    const value = await rate(clients, postRun)
    const plain = (before + (await rate(clients, plainRun))) / 2
    plainRates.push(plain)
    rates.push(value)
    report(`plain docker run, ${clients} at once`, `${plain.toFixed(2)} a second`)
    report(`POST /run, ${clients} clients`, `${value.toFixed(2)} a second`)
  }
  const ratio = Math.max(...rates) / Math.max(...plainRates)
  report('  most of POST /run / most of plain docker run', ratio.toFixed(2), 'at least 0.95')
  report(
    'server, resident memory after this',
    `${residentMb(server.pid).toFixed(0)} MB`,
    'under 150 MB',
  )
  await pause(3000) // the pool refills
  const { stdout } = await execa('docker', [
    ...['stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}}'],
  ])
  const waiting = stdout.split('\n').find((line) => /^safe-code-executor-.* [1-9]/.test(line))
  report('one waiting container', waiting?.split(' ').slice(1).join(' ') ?? 'none')
  await server.stop()
}

async function overload(): Promise<void> {
  console.error('overload')
  const server = await startServer({})
  await pause(3000)
  const start = performance.now()
  let firstBusyMs = Number.NaN
  const statuses = await Promise.all(
    Array.from({ length: OVERLOAD_CLIENTS }, async () => {
      const status = await post(server)
      if (status === 503 && Number.isNaN(firstBusyMs)) firstBusyMs = performance.now() - start
      return status
    }),
  )
  const count = (status: number) => statuses.filter((value) => value === status).length
  report(
    `${OVERLOAD_CLIENTS} clients at once (${config.MAX_RUNNING} run, ${maxWaiting(config)} wait)`,
    `${count(200)} answered, ${count(503)} busy, first 503 after ${ms(firstBusyMs)}`,
  )
  await server.stop()
}

/** The parts, by the names that the command line takes. */
const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  ...{ latency: latencies, throughput, overload, data: dataImport, stream: streaming },
  ...{ operation, queue, unread, engines },
}

const chosen = process.argv.slice(2)
for (const name of chosen.length > 0 ? chosen : Object.keys(PARTS)) {
  const part = PARTS[name]
  if (!part) throw new Error(`there is no part ${name}; there are ${Object.keys(PARTS).join(', ')}`)
  await part()
}
printTable()
