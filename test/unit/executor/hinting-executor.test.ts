// Hints: the environments are asked once, when the first hint needs them, and the answer never waits for long.

import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { HintingExecutor } from '../../../src/executor/hinting-executor.ts'
import { Refusal } from '../../../src/run/refusal.ts'
import { ownRequest } from '../../../src/run/request.ts'
import { outcome, TestExecutor } from '../support/app.ts'

const MODULES: Record<string, string[]> = { python: ['sys'], data: ['sys', 'numpy'] }

let inner: TestExecutor
let executor: HintingExecutor
/** The end of every program but those that tell what an environment has. */
let end: Parameters<typeof outcome>[0]
beforeEach(() => {
  vi.useFakeTimers()
  end = { status: 'error', error: "ModuleNotFoundError: No module named 'numpy'" }
  inner = new TestExecutor()
  inner.answer = async ({ code, environment }) =>
    code === 'import numpy' ? outcome(end) : told(environment)
  executor = new HintingExecutor({ executor: inner, environments: ['python', 'data'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const told = (environment: string) =>
  outcome({
    output: JSON.stringify({ python: '3', packages: {}, modules: MODULES[environment] }),
  })

const run = async (signal = new AbortController().signal) => {
  const request = ownRequest({ code: 'import numpy', environment: 'python', timeoutSeconds: 1 })
  return (await executor.run(request, { signal })).hint
}
const asked = () => inner.requests.filter(({ code }) => code !== 'import numpy').length

it('knows what the other environments have, and asks each of them once', async () => {
  const hints = await Promise.all([run(), run()])
  hints.push(await run())
  expect(new Set(hints)).toEqual(new Set(['numpy is in the environment `data`']))
  expect(asked()).toBe(2)
})

it.each([
  ['a success', { status: 'ok', error: '' }],
  ['another error', { status: 'error', error: 'ValueError: x' }],
] as const)('asks nobody for %s, and leaves the outcome as it is', async (_, given) => {
  end = given
  expect(await run()).toBe('')
  expect(asked()).toBe(0)
})

it('asks nobody about the network', async () => {
  end = { status: 'error', error: 'OSError: [Errno 101] Network is unreachable' }
  expect(await run()).toBe('Programs here have no network')
  expect(asked()).toBe(0)
})

it('says less while an environment can’t tell', async () => {
  const answer = inner.answer
  inner.answer = async (request, options) => {
    if (request.code !== 'import numpy') throw new Refusal('busy', 'The queue is full')
    return answer(request, options)
  }
  expect(await run()).toMatch(/^Nothing can be installed/)
  inner.answer = answer
  await vi.advanceTimersByTimeAsync(1000)
  expect(await run()).toBe('numpy is in the environment `data`')
})

it('keeps an answer waiting for three seconds at most', async () => {
  const answer = inner.answer
  inner.answer = (request, options) =>
    request.environment === 'data' ? new Promise(() => {}) : answer(request, options)
  let hint: string | undefined
  const told = run().then((text) => {
    hint = text
  })
  await vi.advanceTimersByTimeAsync(2999)
  expect(hint).toBeUndefined()
  await vi.advanceTimersByTimeAsync(1)
  await told
  expect(hint).toMatch(/^Nothing can be installed/)
})

it('keeps no further answer waiting for an environment that did not tell', async () => {
  const answer = inner.answer
  inner.answer = (request, options) =>
    request.environment === 'data' ? new Promise(() => {}) : answer(request, options)
  const first = run()
  await vi.advanceTimersByTimeAsync(3000)
  await first
  const second = run()
  await vi.advanceTimersByTimeAsync(1)
  expect(await second).toMatch(/^Nothing can be installed/)
})
