// A real server on a free port, as `npm start` starts it, or another command.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Outcome } from '../../src/run/outcome.ts'
import { redisService } from './services.ts'

/** How long a server may take to listen and to try the walls, in milliseconds; a suite on a slow host says its own. */
const START_TIMEOUT_MS = Number(process.env.SUITE_START_TIMEOUT_SECONDS ?? 40) * 1000

export interface Server {
  url: string
  /** Of the server itself, not of a command that started it and waits. */
  pid: number
  /** Of the process that has the containers: the server, or its worker. */
  hostPid: number
  /** The lines that it has written so far. */
  log: string[]
  /** Posts to /run. */
  post: (body: unknown, init?: RequestInit) => Promise<Response>
  /** Posts to /run a program that must run. */
  run: (request: Record<string, unknown>) => Promise<Outcome>
  /** Sends a signal and waits for the end. */
  stop: (signal?: NodeJS.Signals) => Promise<number | null>
}

/** What a server logs when it has tried the walls, or could not, or leaves that to workers. */
const TRIED =
  /programs can run in|the walls are not proven|the walls were not tried|a wall is missing|workers run/

/** Variables that every program of a suite gets. */
const SUITE_ENV = JSON.parse(process.env.SUITE_ENV ?? '{}')

/** What starts a server where nothing else is said; SERVER_COMMAND is how a suite runs on another runtime. */
export const ON_NODE = 'node dist/main.js'

/**
 * Starts a server and waits until it has tried the walls; settings override quiet test defaults. Where SUITE_EXECUTOR is
 * `queue`, the server has a Redis and a worker of its own, and a suite sees the same as without them.
 */
export async function startServer(
  settings: Record<string, string> = {},
  command = process.env.SERVER_COMMAND ?? ON_NODE,
): Promise<Server> {
  if (process.env.SUITE_EXECUTOR !== 'queue' || settings.EXECUTOR) return start(settings, command)
  const redis = await redisService()
  const own = { ...settings, EXECUTOR: 'queue', REDIS_URL: redis.url }
  const worker = await startWorker(own)
  const server = await start(own, command)
  return {
    ...server,
    hostPid: worker.pid,
    stop: async (signal) => {
      const exitCode = await server.stop(signal)
      await worker.stop()
      await redis.remove()
      return exitCode
    },
  }
}

/** Starts a worker of this host and waits until it takes programs. */
export async function startWorker(
  settings: Record<string, string>,
): Promise<{ pid: number; stop: (signal?: NodeJS.Signals) => Promise<void> }> {
  const child = spawn(process.execPath, ['dist/main.js', 'worker'], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    const log: string[] = []
    const ended = () => reject(new Error(`the worker takes no programs: ${log.join('\n')}`))
    const timer = setTimeout(ended, START_TIMEOUT_MS)
    child.once('exit', ended)
    createInterface(child.stdout).on('line', (line) => {
      log.push(line)
      if (!line.includes('taking programs')) return
      clearTimeout(timer)
      resolve()
    })
  })
  return {
    pid: child.pid ?? 0,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
    },
  }
}

async function start(settings: Record<string, string>, command: string): Promise<Server> {
  const [file = '', ...args] = command.split(' ')
  const child = spawn(file, args, {
    env: { ...process.env, PORT: '0', RATE_LIMIT: 'off', DATABASE_URL: 'off', ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const log: string[] = []
  const { url, pid } = await listening(child, log)
  const post = (body: unknown, init: RequestInit = {}) =>
    fetch(`${url}/run`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      ...init,
    })
  return {
    ...{ url, pid, hostPid: pid, log, post },
    run: async (request) => {
      const response = await post({ ...request, env: { ...SUITE_ENV, ...(request.env as object) } })
      const body = await response.json()
      if (response.status !== 200) throw new Error(`${response.status} ${JSON.stringify(body)}`)
      return body as Outcome
    },
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
      return child.exitCode
    },
  }
}

function listening(child: ChildProcess, log: string[]): Promise<{ url: string; pid: number }> {
  return new Promise((resolve, reject) => {
    let found: { url: string; pid: number } | undefined
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`it does not get ready: ${log.join('\n')}`))
    }, START_TIMEOUT_MS)
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${log.join('\n')}`)))
    if (!child.stdout) throw new Error('stdout is a pipe')
    createInterface(child.stdout).on('line', (line) => {
      log.push(line)
      const [, pid, url] = line.match(/"pid":(\d+),.*"url":"([^"]+)"/) ?? []
      if (pid && url) found ??= { url, pid: Number(pid) }
      if (!found || !TRIED.test(line)) return
      clearTimeout(timer)
      resolve(found)
    })
  })
}

/** The contract's bound on the server's resident memory after hundreds of runs. */
export const MAX_RESIDENT_MB = 150

/** Resident memory of a process, in megabytes. */
export function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return Number(status.match(/VmRSS:\s+(\d+)/)?.[1]) / 1024
}
