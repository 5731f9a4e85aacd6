// Which image programs run in: the one that its name was when the server began, with a runner that speaks as the server does.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'
import { PROTOCOL_VERSION } from '../../../src/executor/protocol.ts'
import { memoryLog } from '../support/app.ts'
import { fakeDocker } from './fake-docker.ts'

const { start, run, calls, folder } = fakeDocker()

const ID = /sha256:[0-9a-f]{64}/

it('is run by its id, which is asked for once', async () => {
  const { run } = start('good')
  await run()
  await run()
  expect(calls('image')).toEqual(['image inspect --format {{.Id}} good'])
  const [first, second] = calls('run').map((line) => line.match(ID)?.[0])
  expect(first).toBeDefined()
  expect(second).toBe(first)
  expect(calls('run').filter((line) => line.includes(' good '))).toEqual([])
})

it('is the same when the name has been moved to another one', async () => {
  const { run } = start('good')
  await run()
  writeFileSync(`${folder()}/good.moved`, 'out-of-memory')
  expect(await run()).toMatchObject({ status: 'ok', output: 'hello' })
})

it('is asked for again while there is none, and each environment has its own', async () => {
  const settings = { ENVIRONMENTS: 'python,data', DATA_BEHAVIOUR: 'good' }
  const { logger, lines } = memoryLog()
  const { run } = start('no-image', settings, logger)
  await expect(run()).rejects.toMatchObject({ code: 'unavailable' })
  expect(calls('image')).toContain('image inspect --format {{.Id}} no-image')
  expect(await run({ environment: 'data' })).toMatchObject({ output: 'hello' })
  writeFileSync(`${folder()}/no-image.moved`, 'good')
  await vi.waitFor(async () => expect(await run()).toMatchObject({ output: 'hello' }), {
    ...{ timeout: 20_000, interval: 200 },
  })
  const told = lines
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === 'programs run in this image')
  expect(told).toHaveLength(2)
  expect(told).toContainEqual(
    expect.objectContaining({
      ...{ environment: 'python', image: 'no-image', id: expect.stringMatching(ID) },
    }),
  )
}, 30_000)

it('is missing when it was removed meanwhile: the log says what to do, and it is used when it is back', async () => {
  const { run, state } = start('good')
  await run()
  const [id = ''] = readdirSync(folder()).filter((name) => ID.test(name))
  rmSync(`${folder()}/${id}`)
  const refused = await run().catch((error) => error)
  expect(refused).toMatchObject({ code: 'unavailable' })
  expect(refused.cause.message).toMatch(
    /No such image: sha256:.*\n.*good was when this process started was removed.*start this process again/,
  )
  for (let n = 0; n < 2; n += 1) await expect(run()).rejects.toThrow()
  expect(state().pools.python?.isOpen).toBe(true)
  writeFileSync(`${folder()}/${id}`, 'good')
  await vi.waitFor(async () => expect(await run()).toMatchObject({ output: 'hello' }), {
    ...{ timeout: 20_000, interval: 200 },
  })
}, 30_000)

it.each([
  ['without-version', 'none'],
  ['other-version', '999'],
])('must have a runner that speaks as this server: %s', async (behaviour, version) => {
  const refused = await run(behaviour).catch((error) => error)
  expect(refused).toMatchObject({ code: 'unavailable' })
  expect(refused.cause.message).toContain(
    `The runner in the image ${behaviour} speaks version ${version} of the protocol, this server 1:`,
  )
})

it('has the runner of this server', () => {
  const [, version] =
    readFileSync('sandbox/runner.py', 'utf8').match(/^PROTOCOL_VERSION = b'(\d+)'/m) ?? []
  expect(version).toBe(PROTOCOL_VERSION)
})
