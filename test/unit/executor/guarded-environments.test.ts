// The guards of several environments: each tries its own walls, and one that can not be tried stops no other.

import { pino } from 'pino'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'
import { GuardedEnvironments } from '../../../src/executor/guarded-environments.ts'
import { inspectWalls } from '../../../src/executor/inspect.ts'
import { containerSpec } from '../../../src/executor/spec.ts'
import type { Finding } from '../../../src/executor/walls.ts'
import { ownRequest, type RunRequest } from '../../../src/run/request.ts'
import { outcome, TestExecutor } from '../support/app.ts'
import { GOOD } from './inside.ts'

const MOUNTS = { READ_ONLY_MOUNTS: '/srv/data:/data' }
const { signal } = new AbortController()
const logger = pino({ level: 'silent' })

let guard: GuardedEnvironments | undefined
afterEach(() => guard?.close())

/** Guards whose trials find this. */
function guarded(ENVIRONMENTS: string, answer: (environment: string) => string) {
  const executor = new TestExecutor()
  executor.answer = async ({ environment }) => outcome({ output: answer(environment) })
  const config = parseConfig({ ...MOUNTS, ENVIRONMENTS })
  const missing: Finding[] = []
  guard = new GuardedEnvironments({
    executor,
    logger,
    isBusy: () => false,
    onMissing: (found) => missing.push(...found),
    environments: config.environments.map((environment) => {
      const inspect = (signal: AbortSignal) =>
        inspectWalls(executor, containerSpec(config, '', environment), signal)
      return { name: environment.name, inspect, inspectWaiting: inspect, waitingCount: 1 }
    }),
  })
  return { guard, executor, walls: () => missing.map(({ wall }) => wall) }
}

const good = JSON.stringify(GOOD)
const asRoot = JSON.stringify({ ...GOOD, userId: 0 })
const request = (environment: string): RunRequest =>
  ownRequest({ code: 'pass', environment, timeoutSeconds: 1 })

it('tries each environment with its own limits, and says which one lacks a wall', async () => {
  const { guard, executor, walls } = guarded('python,data', (name) =>
    name === 'data' ? asRoot : good,
  )
  expect(await guard.prove()).toEqual(['python'])
  expect(walls()).toEqual(['data: user'])
  const asked = executor.requests.map(({ environment, args }) => [
    environment,
    JSON.parse(args[0] ?? '').memoryBytes,
  ])
  expect(asked).toEqual([
    ['python', 134_217_728],
    ['data', 402_653_184],
  ])
})

it('does not name the environment where there is one', async () => {
  const { guard, walls } = guarded('data', () => asRoot)
  await expect(guard.prove()).rejects.toMatchObject({ code: 'unavailable' })
  expect(walls()).toEqual(['user'])
})

it('runs programs in one where another can not be tried', async () => {
  const { guard } = guarded('python,data', (name) => (name === 'data' ? '' : good))
  expect(await guard.prove()).toEqual(['python'])
  expect((await guard.run(request('python'), { signal })).status).toBe('ok')
  await expect(guard.run(request('data'), { signal })).rejects.toMatchObject({
    code: 'unavailable',
  })
})

it('throws where none can be tried', async () => {
  const { guard } = guarded('python,data', () => '')
  await expect(guard.prove()).rejects.toMatchObject({ code: 'unavailable' })
})

it('tells of a wall that is missing in one although another can not be tried', async () => {
  const { guard, walls } = guarded('python,data', (name) => (name === 'data' ? '' : asRoot))
  await expect(guard.prove()).rejects.toThrow()
  expect(walls()).toEqual(['python: user'])
})

it('runs nothing anywhere while a wall that held is lost in one of them', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  let isLost = false
  const executor = new TestExecutor()
  executor.answer = async () => outcome({ output: good })
  const config = parseConfig({ ...MOUNTS, ENVIRONMENTS: 'python,data' })
  guard = new GuardedEnvironments({
    ...{ executor, logger, isBusy: () => false, onMissing: () => {}, everyMs: 1000 },
    environments: config.environments.map((environment) => {
      const spec = containerSpec(config, '', environment)
      const inspect = (signal: AbortSignal) => inspectWalls(executor, spec, signal)
      const inspectWaiting = async () => {
        const wall = { wall: 'user', tried: '', seen: '', advice: '', holds: !isLost }
        return environment.name === 'python' ? [wall] : []
      }
      return { name: environment.name, inspect, inspectWaiting, waitingCount: 1 }
    }),
  })
  await guard.prove()
  expect((await guard.run(request('data'), { signal })).status).toBe('ok')
  isLost = true
  await vi.advanceTimersByTimeAsync(1001)
  for (const name of ['python', 'data']) {
    await expect(guard.run(request(name), { signal })).rejects.toMatchObject({
      code: 'unavailable',
    })
  }
  isLost = false
  await vi.advanceTimersByTimeAsync(1001)
  expect((await guard.run(request('data'), { signal })).status).toBe('ok')
})
