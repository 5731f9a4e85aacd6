// What the engine knows of a server's containers: Docker, or the folders of an OCI runtime where a suite runs with ENGINE.

import { readdir, readFile } from 'node:fs/promises'
import { execa } from 'execa'
import { OWNER_LABEL } from '../../src/engines/owner.ts'

const OCI_CONTAINERS = '/run/safe-code-executor/containers'

/** All containers of servers like this one, as `NAME OWNER`. */
export async function allContainers(engine = process.env.ENGINE ?? 'docker'): Promise<string[]> {
  if (engine === 'docker') {
    const format = `{{.Names}} {{.Label "${OWNER_LABEL}"}}`
    const filter = `label=${OWNER_LABEL}`
    const { stdout } = await execa('docker', [
      'ps',
      '--all',
      '--filter',
      filter,
      '--format',
      format,
    ])
    return stdout.split('\n').filter(Boolean)
  }
  const names = await readdir(OCI_CONTAINERS).catch(() => [])
  return Promise.all(
    names.map(async (name) => {
      try {
        const config = JSON.parse(await readFile(`${OCI_CONTAINERS}/${name}/config.json`, 'utf8'))
        return `${name} ${config.annotations[OWNER_LABEL]}`
      } catch {
        return `${name} ` // it goes at this moment
      }
    }),
  )
}

/** Names of the containers that belong to the server with this process id, running or not. */
export async function containersOf(serverPid: number): Promise<string[]> {
  return (await allContainers())
    .filter((line) => line.includes(`/${serverPid}/`))
    .map((line) => line.split(' ')[0] ?? '')
}

/**
 * The containers of a server when exactly `count` of them wait, by its own count too, and none is starting, tried or ending: a
 * number of containers alone may include one in which the walls are tried.
 */
export async function warmContainers(
  { url, pid }: { url: string; pid: number },
  count: number,
  timeoutMs = 20_000,
): Promise<string[]> {
  let names: string[] = []
  await eventually(`${count} containers wait`, timeoutMs, async () => {
    const metrics = await (await fetch(`${url}/metrics`)).text()
    names = await containersOf(pid)
    return new RegExp(`pool_ready\\S* ${count}$`, 'm').test(metrics) && names.length === count
  })
  return names
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
