// The environments: each is asked once what it is, and again a second after it could not tell.

import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'
import {
  Environments,
  environmentLimits,
  environmentSchema,
  ownEnvironments,
} from '../../../src/executor/environments.ts'
import { Refusal } from '../../../src/run/refusal.ts'
import { ownRequest, type RunRequest } from '../../../src/run/request.ts'
import { outcome, TestExecutor } from '../support/app.ts'

const config = parseConfig({ ENVIRONMENTS: 'data,python' })
const offered = ownEnvironments(config).map((environment) => ({
  ...environment,
  description: `It is ${environment.name}`,
})) as unknown as ReturnType<typeof ownEnvironments>
const limits = new Map(offered.map(({ name, limits }) => [name, limits]))
const logger = pino({ level: 'silent' })
const first = (settings: Record<string, string>) => {
  const config = parseConfig(settings)
  return environmentLimits(config, config.environments[0])
}

const INSIDE = {
  python: { python: '3.13.1', packages: {} },
  data: { python: '3.13.1', packages: { numpy: '2.2.0', pandas: '2.2.3' } },
}

const told = async ({ environment }: RunRequest) => {
  const inside = INSIDE[environment as keyof typeof INSIDE]
  return outcome({ output: JSON.stringify({ ...inside, modules: ['sys'] }) })
}

let executor: TestExecutor
let environments: Environments
beforeEach(() => {
  vi.useFakeTimers()
  executor = new TestExecutor()
  executor.answer = told
  environments = new Environments({ executor, offered: () => offered, logger })
})
afterEach(() => {
  vi.useRealTimers()
})

const asked = () => executor.requests.map(({ environment }) => environment)

describe('the list', () => {
  it('has each environment with what it said of itself, the default first', async () => {
    const list = await environments.list()
    expect(list).toEqual([
      {
        ...{ name: 'data', description: 'It is data', default: true },
        ...INSIDE.data,
        limits: limits.get('data'),
      },
      {
        ...{ name: 'python', description: 'It is python', default: false },
        ...INSIDE.python,
        limits: limits.get('python'),
      },
    ])
    for (const facts of list) expect(() => environmentSchema.parse(facts)).not.toThrow()
  })

  it('asks nobody before it is asked for, then each environment once for all', async () => {
    expect(executor.requests).toEqual([])
    await Promise.all(Array.from({ length: 20 }, () => environments.list()))
    await environments.list()
    expect(asked()).toEqual(['data', 'python'])
  })

  it('asks by a short program like any other, with a bound to its time', async () => {
    let bound: AbortSignal | undefined
    executor.answer = (request, { signal }) => {
      bound = signal
      return told(request)
    }
    await environments.list()
    const [request] = executor.requests
    const code = request?.code ?? ''
    expect(request).toEqual(ownRequest({ code, environment: 'data', timeoutSeconds: 10 }))
    expect(code).toContain('importlib.metadata')
    expect(bound).toBeInstanceOf(AbortSignal)
  })

  it('believes no more of the answer than it asked for', async () => {
    executor.answer = async () =>
      outcome({
        output: '{"python":"3","packages":{},"modules":[],"name":"x","limits":{},"more":1}',
      })
    expect((await environments.list())[0]).toEqual({
      ...{ name: 'data', description: 'It is data', default: true, python: '3', packages: {} },
      limits: limits.get('data'),
    })
  })
})

it('follows what is offered, and asks an environment again that was gone', async () => {
  const [data, ...others] = offered
  let now: ReturnType<typeof ownEnvironments> = offered
  const changing = new Environments({ executor, offered: () => now, logger })
  expect(await changing.list()).toHaveLength(2)
  now = [data]
  expect((await changing.list()).map(({ name }) => name)).toEqual(['data'])
  now = [data, ...others]
  expect(await changing.list()).toHaveLength(2)
  expect(asked()).toEqual(['data', 'python', 'python'])
})

describe('an environment that can not tell', () => {
  it('is left out where its folder has a fault, and is not asked', async () => {
    const [data, ...others] = offered
    const broken = [{ ...data, problem: 'bad' }, ...others] as const
    const list = await new Environments({ executor, offered: () => broken, logger }).list()
    expect(list.map(({ name, default: is }) => [name, is])).toEqual([['python', false]])
    expect(asked()).toEqual(['python'])
  })

  it('is asked again a second later, and no other is', async () => {
    const refusal = new Refusal('busy', 'Full')
    executor.answer = (request) =>
      request.environment === 'data' ? Promise.reject(refusal) : told(request)
    const names = async () => (await environments.list()).map(({ name }) => name)
    expect(await names()).toEqual(['python'])
    executor.answer = told
    vi.advanceTimersByTime(999)
    expect(await names()).toEqual(['python'])
    expect(asked()).toEqual(['data', 'python'])
    vi.advanceTimersByTime(1)
    expect(await environments.list()).toHaveLength(2)
    expect(asked()).toEqual(['data', 'python', 'data'])
  })

  it.each([
    ['its program failed', async () => outcome({ status: 'error', output: '', error: 'x' })],
    ['its program timed out', async () => outcome({ status: 'timeout', output: '' })],
    ['it says nothing', async () => outcome({ output: '' })],
    ['it says something else', async () => outcome({ output: '{"python":3}' })],
    ['its time ran out', () => Promise.reject(new Refusal('cancelled', 'The client hung up'))],
    ['running it failed', () => Promise.reject(new Error('no engine'))],
  ])('is unavailable where %s', async (_, answer) => {
    executor.answer = answer
    await expect(environments.list()).rejects.toMatchObject({ code: 'unavailable', status: 503 })
  })
})

describe('the limits of an environment', () => {
  it('are these by default', () => {
    expect(first({})).toEqual({
      memoryBytes: 134_217_728,
      cpus: 1,
      processes: 64,
      tmpBytes: 16_777_216,
      outputBytes: 1_048_576,
      defaultTimeoutSeconds: 10,
      maxTimeoutSeconds: 10,
      outputFiles: 32,
      outputFileBytes: 2_097_152,
      outputFilesBytes: 4_194_304,
    })
  })

  it('are the settings', () => {
    const given = {
      MEMORY_MB: '512',
      CPUS: '0.5',
      MAX_PROCESSES: '32',
      TMP_MB: '8',
      MAX_OUTPUT_BYTES: '1000',
      MAX_TIMEOUT_SECONDS: '2.5',
      MAX_OUTPUT_FILES_BYTES: '201',
    }
    expect(first(given)).toEqual({
      memoryBytes: 536_870_912,
      cpus: 0.5,
      processes: 32,
      tmpBytes: 8_388_608,
      outputBytes: 1000,
      defaultTimeoutSeconds: 2.5,
      maxTimeoutSeconds: 2.5,
      outputFiles: 32,
      outputFileBytes: 101,
      outputFilesBytes: 201,
    })
  })
})
