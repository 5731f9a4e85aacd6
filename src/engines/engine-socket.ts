// Removes containers through the engine's socket: the command line takes five times as long to kill one.

import { request } from 'node:http'
import { execa } from 'execa'
import type { Removal } from './engine.ts'

/** How long the lookup of the socket may take, in milliseconds. */
const LOOKUP_TIMEOUT_MS = 10_000

/**
 * The path of the socket of the engine that `command` uses: from DOCKER_HOST or the selected context. Undefined if the
 * engine is reached in another way (TCP, SSH) or `command` is not Docker's.
 */
export async function findEngineSocket(command: string): Promise<string | undefined> {
  const { stdout } = await execa(
    command,
    ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'],
    { reject: false, stdin: 'ignore', timeout: LOOKUP_TIMEOUT_MS, killSignal: 'SIGKILL' },
  )
  return stdout?.trim().match(/^unix:\/\/(\/.+)$/)?.[1]
}

/** The result of a removal by the engine's HTTP status. */
const REMOVALS: Readonly<Record<number, Removal>> = {
  204: 'removed',
  404: 'absent',
  409: 'removing',
}

/**
 * Kills and removes a container.
 * @throws {Error} if the engine does not remove it within `timeoutMs` milliseconds.
 */
export async function removeThroughSocket(
  socketPath: string,
  name: string,
  timeoutMs: number,
): Promise<Removal> {
  const path = `/containers/${encodeURIComponent(name)}?force=true&v=true`
  const status = await new Promise<number>((resolve, reject) => {
    const call = request(
      { socketPath, path, method: 'DELETE', signal: AbortSignal.timeout(timeoutMs) },
      (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
        response.on('error', reject)
      },
    )
    call.on('error', reject)
    call.end()
  })
  const removal = REMOVALS[status]
  if (!removal) throw new Error(`the engine answered ${status}`)
  return removal
}
