// What the benchmarks share: a server, a client with a clock, percentiles, the table at the end.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { createInterface } from 'node:readline'
import { execa } from 'execa'

/** How many single measurements are made of each thing. */
export const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 40)

export const PROGRAM = 'print(2+2)'

export interface Server {
  port: number
  pid: number
  agent: Agent
  stop: () => Promise<void>
}

interface Row {
  what: string
  value: string
  asked?: string
}

const rows: Row[] = []

/** Adds a line to the table at the end. */
export function report(what: string, value: string, asked?: string): void {
  rows.push({ what, value, ...(asked && { asked }) })
  console.error(`  ${what}: ${value}`)
}

/** Starts the server that `npm start` starts, on a free port; `main` names another version of it. */
export async function startServer(
  settings: Record<string, string>,
  main = 'dist/main.js',
): Promise<Server> {
  const child: ChildProcess = spawn('node', [main], {
    env: {
      ...process.env,
      PORT: '0',
      RATE_LIMIT: 'off',
      DATABASE_URL: 'off',
      LOG_LEVEL: 'info',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (!child.stdout) throw new Error('stdout is a pipe')
  const lines = createInterface(child.stdout)
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the server ended')))
    lines.on('line', (line) => {
      const match = line.match(/"url":"[^"]+:(\d+)"/)
      if (match) resolve(Number(match[1]))
    })
  })
  const agent = new Agent({ keepAlive: true })
  return {
    port,
    pid: child.pid ?? 0,
    agent,
    stop: async () => {
      agent.destroy()
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Posts the program; the HTTP status, after the answer was checked. */
export function post(
  { port, agent }: Server,
  key?: string,
  isRight: (output: string) => boolean = (output) => output === '4',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ code: PROGRAM })
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      ...(key && { Authorization: `Bearer ${key}` }),
    }
    const req = request({ port, agent, method: 'POST', path: '/run', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => {
        const right = response.statusCode !== 200 || isRight(JSON.parse(text).output)
        if (right) resolve(response.statusCode ?? 0)
        else reject(new Error(`a wrong answer: ${text}`))
      })
    })
    req.on('error', reject)
    req.end(body)
  })
}

export async function milliseconds(task: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await task()
  return performance.now() - start
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/**
 * Of all `python3` on the PATH the one that starts soonest, so that the comparison is the hardest one. A launcher
 * script in its place would count against it: the program behind it is taken.
 */
export async function fastestPython(): Promise<string> {
  const { stdout: found } = await execa('which', ['-a', 'python3'])
  const timed = []
  for (const launcher of found.split('\n')) {
    const { stdout: path } = await execa(launcher, ['-c', 'import sys; print(sys.executable)'])
    const times = []
    for (let i = 0; i < 5; i += 1)
      times.push(await milliseconds(() => execa(path, ['-I', '-c', PROGRAM])))
    timed.push({ path, median: percentile(times, 0.5) })
  }
  const [fastest] = timed.toSorted((a, b) => a.median - b.median)
  if (!fastest) throw new Error('no python3 on the PATH')
  return fastest.path
}

export const ms = (value: number) => `${value.toFixed(1)} ms`
export const spread = (values: readonly number[]) =>
  `p50 ${ms(percentile(values, 0.5))}, p95 ${ms(percentile(values, 0.95))}, p99 ${ms(percentile(values, 0.99))}`

/** Prints the table. */
export function printTable(): void {
  const width = Math.max(...rows.map((row) => row.what.length))
  console.log()
  for (const { what, value, asked } of rows) {
    console.log(`${what.padEnd(width)}  ${value}${asked ? `  (asked: ${asked})` : ''}`)
  }
}
