// Readiness: a real run lately, one probe for all who ask, and a failure that holds for a moment.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Readiness } from '../../../src/executor/readiness.ts'
import { cancelled, Refusal } from '../../../src/run/refusal.ts'
import { ownRequest } from '../../../src/run/request.ts'
import { outcome, TestExecutor } from '../support/app.ts'

const request = ownRequest({ code: 'x', environment: 'python', timeoutSeconds: 1 })
const { signal } = new AbortController()

let executor: TestExecutor
let readiness: Readiness
beforeEach(() => {
  vi.useFakeTimers()
  executor = new TestExecutor()
  readiness = new Readiness(executor, 'python')
})
afterEach(() => {
  vi.useRealTimers()
})

/** Code of the refusal; `''` where the check passes. */
async function verdict(): Promise<string> {
  try {
    await readiness.check()
    return ''
  } catch (error) {
    return error instanceof Refusal ? error.code : String(error)
  }
}

describe('a check', () => {
  it('runs a program and passes when it printed 4', async () => {
    expect(await verdict()).toBe('')
    expect(executor.requests).toEqual([
      ownRequest({ code: 'print(2 + 2)', environment: 'python', timeoutSeconds: 5 }),
    ])
  })

  it('is believed for five seconds', async () => {
    await readiness.check()
    vi.advanceTimersByTime(4999)
    await readiness.check()
    expect(executor.requests).toHaveLength(1)
    vi.advanceTimersByTime(1)
    await readiness.check()
    expect(executor.requests).toHaveLength(2)
  })

  it('is no longer believed when a run could not be made', async () => {
    await readiness.check()
    executor.answer = () => Promise.reject(new Refusal('busy', 'full'))
    await readiness.run(request, { signal }).catch(() => {})
    expect(await verdict()).toBe('')
    executor.answer = () => Promise.reject(new Refusal('unavailable', 'no engine'))
    await readiness.run(request, { signal }).catch(() => {})
    expect(await verdict()).toBe('unavailable')
  })

  it('shares one program among all who ask at once', async () => {
    const checks = Array.from({ length: 50 }, () => verdict())
    expect(await Promise.all(checks)).toEqual(Array.from({ length: 50 }, () => ''))
    expect(executor.requests).toHaveLength(1)
  })

  it('bounds the time that its program may take', async () => {
    let bound: AbortSignal | undefined
    executor.answer = async (_, options) => {
      bound = options.signal
      return outcome()
    }
    await readiness.check()
    expect(bound).toBeInstanceOf(AbortSignal)
  })
})

describe('a check that fails', () => {
  it.each([
    ['the executor throws', async () => Promise.reject(new Error('no engine'))],
    ['the program is killed', async () => outcome({ output: '', status: 'killed' })],
    ['the program times out', async () => outcome({ output: '', status: 'timeout' })],
  ])('is unavailable when %s', async (_, answer) => {
    executor.answer = answer
    expect(await verdict()).toBe('unavailable')
  })

  it('keeps the cause for the log', async () => {
    executor.answer = () => Promise.reject(new Error('no engine'))
    await expect(readiness.check()).rejects.toMatchObject({ cause: { message: 'no engine' } })
  })

  it('passes a refusal on', async () => {
    executor.answer = () => Promise.reject(new Refusal('busy', 'full'))
    expect(await verdict()).toBe('busy')
  })

  it('is unavailable, not cancelled, when its own time ran out', async () => {
    executor.answer = () => Promise.reject(new Refusal('cancelled', 'The client hung up'))
    expect(await verdict()).toBe('unavailable')
  })

  it('holds for one second, so that a flood of checks is no flood of containers', async () => {
    executor.answer = () => Promise.reject(new Error('no engine'))
    for (let i = 0; i < 20; i += 1) expect(await verdict()).toBe('unavailable')
    vi.advanceTimersByTime(999)
    expect(await verdict()).toBe('unavailable')
    expect(executor.requests).toHaveLength(1)

    executor.answer = async () => outcome()
    vi.advanceTimersByTime(1)
    expect(await verdict()).toBe('')
    expect(executor.requests).toHaveLength(2)
  })

  it('fails again when asked again: a program that ends well with a wrong answer proves nothing', async () => {
    executor.answer = async () => outcome({ output: '5' })
    expect(await verdict()).toBe('unavailable')
    vi.advanceTimersByTime(1000)
    expect(await verdict()).toBe('unavailable')
  })
})

describe('what is known to be in the way', () => {
  it('is said at once, without trying, whatever ran lately', async () => {
    let obstacle: string | undefined
    readiness = new Readiness(executor, 'python', () => obstacle)
    await readiness.check()
    obstacle = 'No worker is there'
    await expect(readiness.check()).rejects.toMatchObject({
      ...{ code: 'unavailable', message: obstacle, headers: { 'Retry-After': '5' } },
    })
    expect(executor.requests).toHaveLength(1)
    obstacle = undefined
    expect(await verdict()).toBe('')
  })

  it('ends a probe that would wait in vain', async () => {
    let obstacle: string | undefined
    readiness = new Readiness(executor, 'python', () => obstacle)
    executor.answer = (_, options) =>
      new Promise((_resolve, reject) => {
        options.signal.addEventListener('abort', () => reject(cancelled(options.signal)))
      })
    const check = readiness.check().catch((error) => error)
    obstacle = 'No worker is there'
    await vi.advanceTimersByTimeAsync(500)
    expect(await check).toMatchObject({ code: 'unavailable', message: obstacle })
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1) // how long the failure holds
  })
})

describe("a client's run", () => {
  it.each(['ok', 'error', 'timeout', 'oom', 'output_limit'] as const)(
    'counts as a check when it ran, however it ended: %s',
    async (status) => {
      executor.answer = async () => outcome({ status })
      await readiness.run(request, { signal })
      await readiness.check()
      expect(executor.requests).toEqual([request])
    },
  )

  it('counts for nothing when it was killed', async () => {
    executor.answer = async () => outcome({ status: 'killed', exitCode: null, signal: 'SIGKILL' })
    await readiness.run(request, { signal })
    executor.answer = async () => outcome()
    await readiness.check()
    expect(executor.requests).toHaveLength(2)
  })

  it('is handed through with its signal, its answer and its failure', async () => {
    executor.answer = async (_, options) => outcome({ id: String(options.signal === signal) })
    expect(await readiness.run(request, { signal })).toEqual(outcome({ id: 'true' }))
    const failure = new Refusal('busy', 'full')
    executor.answer = () => Promise.reject(failure)
    await expect(readiness.run(request, { signal })).rejects.toBe(failure)
  })
})
