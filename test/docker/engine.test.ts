// The engine goes away and comes back: a second engine of the test's own, so that this machine's is left alone.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'

const IMAGE = 'safe-code-executor-python'

const folder = mkdtempSync(`${tmpdir()}/safe-code-executor-engine-`)
const DOCKER_HOST = `unix://${folder}/docker.sock`

let engine: ReturnType<typeof spawnEngine> | undefined
let server: Server

function spawnEngine() {
  return execa(
    'dockerd',
    [
      ...['--host', DOCKER_HOST, '--pidfile', `${folder}/pid`],
      ...['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'],
    ],
    { reject: false, stdio: 'ignore' },
  )
}

async function startEngine(): Promise<void> {
  engine = spawnEngine()
  await eventually('the engine answers (dockerd needs root)', 30_000, async () => {
    return !(await execa('docker', ['version'], { env: { DOCKER_HOST }, reject: false })).failed
  })
}

async function stopEngine(): Promise<void> {
  engine?.kill('SIGTERM')
  await engine
  engine = undefined
}

beforeAll(async () => {
  await startEngine()
  const image = execa('docker', ['save', IMAGE], { buffer: false })
  await image.pipe('docker', ['load'], { env: { DOCKER_HOST } })
  server = await startServer({ DOCKER_HOST, POOL_SIZE: '1' })
}, 120_000)

afterAll(async () => {
  await server.stop()
  await stopEngine()
  rmSync(folder, { recursive: true, force: true })
}, 60_000)

const ready = async () => (await fetch(`${server.url}/readyz`)).status
const alive = async () => (await fetch(`${server.url}/healthz`)).status

it('answers 503 unavailable without the engine, and recovers with it', async () => {
  expect(await server.run({ code: 'print(1)' })).toMatchObject({ output: '1' })
  expect(await ready()).toBe(200)

  await stopEngine()
  const response = await server.post({ code: 'print(1)' })
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({ output: '', code: 'unavailable' })
  expect(response.headers.get('Retry-After')).toBe('5')
  await eventually('it is not ready', 10_000, async () => (await ready()) === 503)
  expect(await alive()).toBe(200)
  expect(server.log.join('\n')).toMatch(/Cannot connect to the Docker daemon/)

  await startEngine()
  expect(await server.run({ code: 'print("back")' })).toMatchObject({ output: 'back' })
  await eventually('it is ready', 10_000, async () => (await ready()) === 200)
}, 120_000)

it('answers 503 unavailable without the image, and says in the log what is missing', async () => {
  const other = await startServer({ DOCKER_HOST, POOL_SIZE: '0', SANDBOX_IMAGE: 'no-such-image' })
  try {
    const response = await other.post({ code: 'print(1)' })
    expect(response.status).toBe(503)
    const body = JSON.stringify(await response.json())
    expect(body).toContain('"code":"unavailable"')
    expect(body).not.toContain('no-such-image')
    expect(other.log.join('\n')).toMatch(/No such image: no-such-image/)
  } finally {
    await other.stop()
  }
})
