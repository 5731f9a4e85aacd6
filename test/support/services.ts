// A Redis and a Postgres of a test's own, from Debian's packages, on loopback and in folders that go away.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { eventually } from './docker.ts'

/** How long a service may take to start, in milliseconds. */
const START_TIMEOUT_MS = 30_000

/** A service that can be stopped and started again where it was. */
export interface Service {
  url: string
  start: () => Promise<void>
  stop: (signal?: NodeJS.Signals) => Promise<void>
  /** Stops it and removes all that it had. */
  remove: () => Promise<void>
  /** Its process id. */
  pid: () => number
}

export interface RedisServiceOptions {
  /** What it has is there again when it is started again. */
  isKept?: boolean
  /** Its `maxmemory`; by default none. */
  maxMemoryBytes?: number
}

export async function redisService(options: RedisServiceOptions = {}): Promise<Service> {
  const { isKept = false, maxMemoryBytes = 0 } = options
  const folder = mkdtempSync(join(tmpdir(), 'redis-'))
  const port = await freePort()
  const args = [
    ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
    ...['--maxmemory', `${maxMemoryBytes}`, '--maxmemory-policy', 'noeviction'],
    ...(isKept ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []),
  ]
  return service(`redis://127.0.0.1:${port}`, port, folder, () =>
    spawn('redis-server', args, { stdio: 'ignore' }),
  )
}

export async function postgresService(): Promise<Service> {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'))
  const user = await postgresUser()
  if (user) chownSync(folder, user.uid, user.gid)
  const bin = postgresFolder()
  const port = await freePort()
  const data = join(folder, 'data')
  await execa(join(bin, 'initdb'), ['--pgdata', data, '--username', 'sce', '--auth', 'trust'], {
    ...user,
    cwd: folder,
    env: { LC_ALL: 'C.UTF-8' },
  })
  const args = [
    ...['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', folder],
    ...['-c', 'fsync=off'],
  ]
  return service(`postgres://sce@127.0.0.1:${port}/postgres`, port, folder, () =>
    spawn(join(bin, 'postgres'), args, { ...user, cwd: folder, stdio: 'ignore' }),
  )
}

async function service(
  url: string,
  port: number,
  folder: string,
  run: () => ChildProcess,
): Promise<Service> {
  let child: ChildProcess
  const start = async () => {
    child = run()
    await eventually(`${url} answers`, START_TIMEOUT_MS, () => isOpen(port))
  }
  const stop = async (signal: NodeJS.Signals = 'SIGINT') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  await start()
  const remove = async () => {
    await stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { url, start, stop, remove, pid: () => child.pid ?? 0 }
}

/** Postgres does not run as root. */
async function postgresUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await execa('id', [flag, 'postgres'])).stdout)),
  )
  return { uid: uid ?? 0, gid: gid ?? 0 }
}

/** Debian keeps the programs of each version apart. */
function postgresFolder(): string {
  const versions = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a))
  return `/usr/lib/postgresql/${versions[0]}/bin`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
