// The engine fails in every way: right refusals, recovery without a restart, no request without an answer.

import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { eventually } from '../support/docker.ts'
import { OwnEngine } from '../support/own-engine.ts'
import { type Server, startServer } from '../support/server.ts'

const IMAGE = 'safe-code-executor-python'
const CLIENTS = 6

let engine: OwnEngine
let server: Server

beforeAll(async () => {
  engine = await OwnEngine.create(IMAGE)
}, 120_000)
afterAll(() => engine.remove(), 120_000)

beforeEach(async () => {
  server = await startServer({
    ...{ DOCKER_HOST: engine.dockerHost, POOL_SIZE: '1', MAX_RUNNING: '2' },
  })
}, 60_000)
afterEach(async () => {
  await server.stop()
  expect(await engine.containers()).toEqual([])
}, 60_000)

const ready = async () => (await fetch(`${server.url}/readyz`)).status
const alive = async () => (await fetch(`${server.url}/healthz`)).status

async function expectUnavailable(): Promise<void> {
  const response = await server.post({ code: 'print(1)' })
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({ output: '', code: 'unavailable' })
  expect(response.headers.get('Retry-After')).toBe('5')
}

/** What the image's name is now. */
async function imageId(): Promise<string> {
  return (await engine.docker(['image', 'inspect', '--format', '{{.Id}}', IMAGE])).stdout
}

/** Programs are run again, by the same server. */
async function expectRecovery(): Promise<void> {
  await eventually('it is ready again', 30_000, async () => (await ready()) === 200)
  expect(await server.run({ code: 'print("back")' })).toMatchObject({ output: 'back', error: '' })
}

/** Requests that are under way when something happens. Each of them must be answered. */
function load() {
  const code = 'import time; print("started"); time.sleep(1.5)'
  return Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const response = await server.post({ code })
      const body = (await response.json()) as { status?: string; code?: string; output: string }
      return response.status === 200 ? body.status : body.code
    }),
  )
}

it('answers 503 unavailable without the engine, and recovers with it', async () => {
  expect(await ready()).toBe(200)
  await engine.stop()
  await expectUnavailable()
  await eventually('it is not ready', 10_000, async () => (await ready()) === 503)
  expect(await alive()).toBe(200)
  expect(server.log.join('\n')).toMatch(/Cannot connect to the Docker daemon/)
  await engine.start()
  await expectRecovery()
}, 120_000)

it('answers every request when the engine is killed under load, and recovers with it', async () => {
  const answers = load()
  await new Promise((resolve) => setTimeout(resolve, 2000))
  await engine.stop('SIGKILL')
  for (const answer of await answers) {
    expect(['ok', 'killed', 'unavailable', 'busy', 'timeout']).toContain(answer)
  }
  expect(await alive()).toBe(200)
  await engine.start()
  await expectRecovery()
}, 180_000)

it('tells of a container that was killed from outside, and goes on', async () => {
  const answers = load()
  await eventually('two programs run', 10_000, async () => (await engine.containers()).length >= 2)
  await new Promise((resolve) => setTimeout(resolve, 700))
  await engine.docker(['kill', ...(await engine.containers())])
  const seen = await answers
  for (const answer of seen) expect(['ok', 'killed', 'unavailable']).toContain(answer)
  expect(seen).toContain('killed')
  expect(await server.run({ code: 'print("next")' })).toMatchObject({ output: 'next' })
}, 120_000)

it('is unavailable while the image is gone, says so in the log, and recovers with it', async () => {
  const id = await imageId()
  // The engine keeps what a container is of: it has to be quicker than the next one that is to wait.
  await eventually('the image is gone', 60_000, async () => {
    await engine.docker(['rm', '--force', ...(await engine.containers())])
    return !(await engine.docker(['rmi', '--force', id])).failed
  })
  await eventually('no program runs', 30_000, async () => {
    return (await server.post({ code: 'print(1)' })).status === 503
  })
  await expectUnavailable()
  expect(server.log.join('\n')).toMatch(/No such image/)
  await engine.load(IMAGE)
  await expectRecovery()
}, 120_000)

it('goes on with the image that it began with when set-up has moved the name to another one', async () => {
  const id = await imageId()
  const [container = ''] = await engine.containers()
  await engine.docker(['tag', IMAGE, `${IMAGE}:previous`])
  // Another one, in which no program runs.
  await engine.docker(['commit', '--change', 'ENV PATH=/nowhere', container, IMAGE])
  try {
    expect(await imageId()).not.toBe(id)
    for (let n = 0; n < 3; n += 1) {
      expect(await server.run({ code: `print(${n})` })).toMatchObject({ output: `${n}` })
    }
    const format = '{{.Image}}'
    await eventually('one waits again', 20_000, async () => {
      const [name] = await engine.containers()
      return (await engine.docker(['inspect', '--format', format, name ?? ''])).stdout === id
    })
  } finally {
    await engine.docker(['tag', id, IMAGE])
  }
}, 120_000)

it('is unavailable while the disk of the engine is full, and recovers', async () => {
  const emptyDisk = engine.fillDisk()
  try {
    await eventually('no program runs', 60_000, async () => {
      return (await server.post({ code: 'print(1)' })).status === 503
    })
    expect(await alive()).toBe(200)
    expect(server.log.join('\n')).toMatch(/no space left on device/i)
  } finally {
    emptyDisk()
  }
  await expectRecovery()
}, 180_000)

it('does not serve before it could try the walls, and then does', async () => {
  await engine.stop()
  const early = await startServer({ DOCKER_HOST: engine.dockerHost, POOL_SIZE: '1' })
  try {
    expect((await early.post({ code: 'print(1)' })).status).toBe(503)
    expect((await fetch(`${early.url}/healthz`)).status).toBe(200)
    await engine.start()
    await eventually('it serves', 30_000, async () => {
      return (await early.post({ code: 'print(1)' })).status === 200
    })
    expect(early.log.join('\n')).toMatch(/the walls were tried, and hold/)
  } finally {
    await early.stop()
  }
}, 120_000)
