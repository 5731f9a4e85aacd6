// What the Docker engine knows of a server's containers.

import { execa } from 'execa'
import { OWNER_LABEL } from '../../src/engines/owner.ts'

/** Names of the containers that belong to the server with this process id, running or not. */
export async function containersOf(serverPid: number): Promise<string[]> {
  const format = `{{.Names}} {{.Label "${OWNER_LABEL}"}}`
  const { stdout } = await execa('docker', ['ps', '--all', '--format', format])
  return stdout
    .split('\n')
    .filter((line) => line.includes(`/${serverPid}/`))
    .map((line) => line.split(' ')[0] ?? '')
}

/** Resolves when `condition` holds; fails when it does not within `timeoutMs` milliseconds. */
export async function eventually(
  what: string,
  timeoutMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
