// What a server under load is watched for: how soon it says that it is alive, its memory, its event loop, its containers.

import { readdirSync, readFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { containersOf } from '../../test/support/docker.ts'
import { residentMb, type Server } from '../../test/support/server.ts'
import { check, quantile } from './figures.ts'

/** Longest answer to `/healthz` for 99 of 100, in milliseconds. */
const MAX_HEALTH_MS = 250
const MAX_RESIDENT_MB = 400
/** Longest delay of the server's event loop for 99 of 100, in milliseconds, in the worst five seconds. */
const MAX_LAG_MS = 250
const HEALTH_EVERY_MS = 50
const SAMPLE_EVERY_MS = 5000
const CONTAINERS_EVERY_MS = 250
/** How long containers may be left when a server has had its SIGTERM, in milliseconds. */
const LEFT_MS = 10_000

/** Asks and reads all of the answer; how long that took, in milliseconds. */
export function timedGet(url: string, agent?: Agent): Promise<number> {
  const startedAtMs = performance.now()
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(performance.now() - startedAtMs))
    })
    asked.once('error', reject)
  })
}

/** Watches a server from its start until it is stopped. */
export class Watch {
  readonly #server: Server
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #watching: Promise<void>[]
  readonly #healthMs: number[] = []
  readonly #residentMb: number[] = []
  /** How long the server's main thread waited for a CPU, in milliseconds a second: what is not its own doing. */
  readonly #waitingMs: number[] = []
  readonly #lagMs: number[] = []
  readonly #containers: number[] = []
  readonly #commands: number[] = []
  #isOver = false

  constructor(server: Server) {
    this.#server = server
    const { url, pid } = server
    let waitedMs = waitedForCpuMs(pid)
    this.#watching = [
      this.#every(HEALTH_EVERY_MS, async () => {
        this.#healthMs.push(await timedGet(`${url}/healthz`, this.#agent))
      }),
      this.#every(SAMPLE_EVERY_MS, async () => {
        this.#residentMb.push(residentMb(pid))
        const waited = waitedForCpuMs(pid)
        this.#waitingMs.push((waited - waitedMs) / (SAMPLE_EVERY_MS / 1000))
        waitedMs = waited
        const text = await (await fetch(`${url}/metrics`)).text()
        const lag = text.match(/^nodejs_eventloop_lag_p99_seconds (\S+)/m)?.[1]
        this.#lagMs.push(1000 * Number(lag))
      }),
      this.#every(CONTAINERS_EVERY_MS, async () => {
        this.#commands.push(runCommandsOf(pid))
        this.#containers.push((await containersOf(pid)).length)
      }),
    ]
  }

  /** Looks no more. */
  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#watching)
    this.#agent.destroy()
  }

  /** Says what was seen, and whether it is within bounds; `maxContainers` where some are started. */
  tell(maxContainers?: number): void {
    console.table({
      '/healthz, ms': row(this.#healthMs),
      'event loop p99, ms': row(this.#lagMs),
      'waiting for a CPU, ms a second': row(this.#waitingMs),
      'resident memory, MB': row(this.#residentMb),
      containers: row(this.#containers),
      'docker run processes': row(this.#commands),
    })
    const health = Math.round(quantile(this.#healthMs, 0.99))
    check('/healthz, p99', health <= MAX_HEALTH_MS, `${health} ms`)
    const lag = Math.round(quantile(this.#lagMs, 1))
    check('delay of the event loop, p99 of the worst 5 s', lag <= MAX_LAG_MS, `${lag} ms`)
    const memory = Math.round(quantile(this.#residentMb, 1))
    check('resident memory', memory <= MAX_RESIDENT_MB, `${memory} MB`)
    if (maxContainers === undefined) return
    const containers = quantile([...this.#containers, ...this.#commands], 1)
    check('containers at once', containers <= maxContainers, `${containers} of ${maxContainers}`)
  }

  /** Stops the server, and says whether containers are left. */
  async tellLeft(): Promise<void> {
    const { pid } = this.#server
    const startedAtMs = performance.now()
    await this.#server.stop()
    await pause(Math.max(0, startedAtMs + LEFT_MS - performance.now()))
    const left = await containersOf(pid)
    check('containers left 10 s after SIGTERM', left.length === 0, String(left.length))
  }

  async #every(ms: number, look: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      await look()
      await pause(ms)
    }
  }
}

/** A line of a table. */
export function row(values: readonly number[]) {
  const of = (share: number) => Number(quantile(values, share).toFixed(1))
  return { p50: of(0.5), p99: of(0.99), most: of(1) }
}

/** How long the main thread of a process was ready to run and did not, in milliseconds (proc(5), schedstat). */
function waitedForCpuMs(pid: number): number {
  const [, waitedNs] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')
  return Number(waitedNs) / 1e6
}

/** How many `docker run` of a server there are. */
function runCommandsOf(pid: number): number {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isRunOf(name, pid)).length
}

function isRunOf(process: string, server: number): boolean {
  try {
    const command = readFileSync(`/proc/${process}/cmdline`, 'latin1')
    return command.includes('\0run\0') && command.includes(`/${server}/`)
  } catch {
    return false
  }
}
