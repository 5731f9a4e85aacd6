// The server in its container, as deploy/Dockerfile says to start it: not root, on a read-only root, with the engine's
// socket.

import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { createServer } from 'node:net'
import { execa } from 'execa'
import { OWNER_LABEL } from '../../src/engines/owner.ts'
import { eventually } from '../support/docker.ts'

/** The image of the server; another one is built and used where the environment names it, with the programs' image. */
export const API_IMAGE = process.env.API_IMAGE ?? 'safe-code-executor'
const SOCKET = '/var/run/docker.sock'
/** How long a container may take to serve, in milliseconds. */
const START_TIMEOUT_MS = 30_000

export interface ApiContainer {
  name: string
  port: number
  /** What `docker inspect` says, in a Go template. */
  inspect: (format: string) => Promise<string>
  /** Names of the containers with programs that belong to it. */
  sandboxes: () => Promise<string[]>
  /** As an operator stops it; resolves with its exit code. */
  stop: () => Promise<number>
  remove: () => Promise<void>
}

/** Builds the image; that takes no time where it is built. */
export async function buildImage(): Promise<void> {
  await execa('sh', ['scripts/image.sh'], { stdout: 'inherit', stderr: 'inherit' })
}

/** Starts one and waits until it answers; `flags` are more ones for `docker run`. */
export async function startApi(
  settings: Record<string, string> = {},
  flags: string[] = [],
): Promise<ApiContainer> {
  const name = `sce-deploy-${randomBytes(4).toString('hex')}`
  const port = await freePort()
  const own = { HOST: '127.0.0.1', PORT: String(port) }
  const all = { ...own, ...settings }
  await execa('docker', [
    ...['run', '--detach', '--name', name, '--pull', 'never', '--network', 'host'],
    ...['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
    ...['--cpu-shares', '8192'],
    ...['--group-add', String(statSync(SOCKET).gid), '--volume', `${SOCKET}:${SOCKET}`],
    ...Object.entries(all).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...flags,
    API_IMAGE,
  ])
  const inspect = async (format: string) =>
    (await execa('docker', ['inspect', '--format', format, name])).stdout
  const remove = async () => {
    await execa('docker', ['rm', '--force', '--volumes', name])
  }
  try {
    await eventually('it answers', START_TIMEOUT_MS, () => answers(port))
  } catch (error) {
    const { all: log } = await execa('docker', ['logs', name], { all: true })
    await remove()
    throw new Error(`the container does not serve: ${log}`, { cause: error })
  }
  // With the host's network it has the host's name too: only this tells its own from those of other servers.
  const exec = await execa('docker', ['exec', name, 'readlink', '/proc/self/ns/pid'])
  return {
    name,
    port,
    inspect,
    sandboxes: async () => {
      const format = `{{.Names}} {{.Label "${OWNER_LABEL}"}}`
      const { stdout } = await execa('docker', ['ps', '--all', '--format', format])
      return stdout.split('\n').filter((line) => line.includes(exec.stdout))
    },
    stop: async () => {
      await execa('docker', ['stop', '--time', '30', name])
      return Number(await inspect('{{.State.ExitCode}}'))
    },
    remove,
  }
}

/** A port of loopback that nobody has. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

async function answers(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined)
  return response?.ok ?? false
}
