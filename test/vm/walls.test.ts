// The walls on a host with systemd and cgroup v2: all of them, after systemd has read its units again, and one that is lost.

import { execa } from 'execa'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'
import { loseSwapLimit } from '../support/swap-limit.ts'
import { containers, ENGINES, type EngineName, POOL_SIZE, slowHost } from './host.ts'

/** How long until all places of the pool are taken by containers that are ready, in milliseconds. */
const WARM_TIMEOUT_MS = 180_000
/** Two trials of the walls, a minute apart, on a slow host, in milliseconds. */
const TRIALS_TIMEOUT_MS = 200_000

/** Half as much again as the memory of a run: with swap it would fit. */
const EATS_TOO_MUCH = `
blocks = []
for _ in range(192):
    blocks.append(bytearray(b"x" * 2**20))
print("survived")
`

const IMAGE = 'safe-code-executor-python'

let server: Server | undefined
afterEach(() => server?.stop())

async function warmServer(engine: EngineName): Promise<Server> {
  server = await startServer(slowHost(engine))
  const { url } = server
  await eventually('the pool is warm', WARM_TIMEOUT_MS, async () => {
    const metrics = await (await fetch(`${url}/metrics`)).text()
    return new RegExp(`^safe_code_executor_pool_ready\\S* ${POOL_SIZE}$`, 'm').test(metrics)
  })
  return server
}

describe.each(ENGINES)('%s', (engine) => {
  it('doctor finds every wall', async () => {
    const { exitCode, stdout } = await execa('node', ['dist/main.js', 'doctor'], {
      env: slowHost(engine),
      reject: false,
    })
    expect(stdout).toMatch(/^cgroup {3}version v?2, driver systemd$/m)
    expect(stdout).not.toContain('MISSING')
    expect(stdout).toMatch(/\n20 walls hold, 0 missing/)
    expect(exitCode).toBe(0)
  })

  it('swap: none for containers that lived through a `systemctl daemon-reload`', async () => {
    const { run } = await warmServer(engine)
    const living = await containers(engine)
    await execa('systemctl', ['daemon-reload'])
    // systemd writes the limits of all groups beside a new one again, and what it knows by now is what it has read.
    await execa(engine, [
      'run',
      '--rm',
      '--pull=never',
      '--network=none',
      '--entrypoint=true',
      IMAGE,
    ])
    expect(await containers(engine)).toEqual(living)
    const ends = await Promise.all(living.map(() => run({ code: EATS_TOO_MUCH })))
    for (const { status, output } of ends)
      expect({ status, output }).toEqual({ status: 'oom', output: '' })
  })

  it('swap: a limit that waiting containers lost is found, nothing is run, and then new ones serve', async () => {
    const { url, log, post } = await warmServer(engine)
    const isReady = async () => (await fetch(`${url}/readyz`)).status === 200
    expect(await isReady()).toBe(true)
    for (const id of await containers(engine)) await loseSwapLimit(engine, id)
    await eventually('it is found', TRIALS_TIMEOUT_MS, () =>
      /"level":60,.*"wall":"swap"/.test(log.join('\n')),
    )
    expect(await isReady()).toBe(false)
    const refused = await post({ code: EATS_TOO_MUCH })
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({ code: 'unavailable', output: '' })
    await eventually('it serves again', TRIALS_TIMEOUT_MS, isReady)
    expect(await (await post({ code: EATS_TOO_MUCH })).json()).toMatchObject({ status: 'oom' })
  })
})
