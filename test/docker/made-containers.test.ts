// Containers that Docker has made and never started: of this server, and of servers elsewhere.

import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { pino } from 'pino'
import { afterEach, expect, it } from 'vitest'
import { DockerEngine } from '../../src/engines/docker-engine.ts'
import { OWNER_LABEL } from '../../src/engines/owner.ts'
import { Leftovers } from '../../src/executor/leftovers.ts'
import { containersOf, warmContainers } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'

const IMAGE = 'safe-code-executor-python'
const LIMITS = { MAX_RUNNING: '2', POOL_SIZE: '2' }

let server: Server
afterEach(() => server.stop())

it('leaves none that was made and never started when it ends', async () => {
  server = await startServer(LIMITS)
  const { pid } = server
  const [name] = await warmContainers(server, 2)
  const format = `{{index .Config.Labels "${OWNER_LABEL}"}}`
  const { stdout: owner } = await execa('docker', ['inspect', '--format', format, name ?? ''])
  await execa('docker', ['create', '--label', `${OWNER_LABEL}=${owner}`, IMAGE, 'true'])
  await server.stop()
  expect(await containersOf(pid)).toEqual([])
})

it('removes containers of servers elsewhere that never ran, and lets live those that run', async () => {
  server = await startServer({ ...LIMITS, POOL_SIZE: '0' })
  const label = `${OWNER_LABEL}=elsewhere:pid:[1]/1/1`
  const docker = async (...args: string[]) =>
    (await execa('docker', [...args, '--label', label, IMAGE, 'sleep', '60'])).stdout
  const made = await docker('create', '--network', 'none')
  const running = await docker('run', '--detach', '--rm', '--network', 'none')
  const logger = pino({ level: 'silent' })
  const leftovers = new Leftovers({
    ...{ engine: new DockerEngine({ command: 'docker', logger }), owner: 'self', logger },
    ...{ isKnown: () => false, strangersMs: 100, ownMs: 100, lookMs: 1_000_000 },
  })
  try {
    await leftovers.look()
    await sleep(200)
    await leftovers.look()
    const { stdout } = await execa('docker', ['ps', '--all', '--no-trunc', '--quiet'])
    expect(stdout).not.toContain(made)
    expect(stdout).toContain(running)
  } finally {
    await execa('docker', ['rm', '--force', running, made], { reject: false })
  }
})
