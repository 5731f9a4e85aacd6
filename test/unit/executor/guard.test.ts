// Nothing runs before the walls were tried, nothing at all where one is missing, and nothing while one is lost.

import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { Guard, type GuardOptions } from '../../../src/executor/guard.ts'
import type { Finding } from '../../../src/executor/walls.ts'
import { Refusal } from '../../../src/run/refusal.ts'
import { ownRequest } from '../../../src/run/request.ts'
import { memoryLog, outcome, TestExecutor } from '../support/app.ts'

const REQUEST = ownRequest({ code: 'pass', environment: 'python', timeoutSeconds: 1 })
const signal = new AbortController().signal

const finding = (holds: boolean, wall = 'memory'): Finding => ({
  ...{ wall, tried: 'took too much', seen: 'it got it' },
  ...{ holds, advice: 'switch swap off' },
})

const silent = pino({ level: 'silent' })
/** No trial but the first is made in a test that does not ask for one. */
const NONE_LATER = {
  inspectWaiting: () => Promise.reject(new Error('not now')),
  ...{ waitingCount: 1, isBusy: () => false, everyMs: 3_600_000 },
}

function guarded(answers: (() => Promise<Finding[]>)[], logger = silent) {
  const executor = new TestExecutor()
  const seen = { trials: 0, missing: [] as string[] }
  const guard = new Guard({
    ...NONE_LATER,
    executor,
    inspect: () => {
      const answer = answers[Math.min(seen.trials, answers.length - 1)]
      seen.trials += 1
      return answer ? answer() : Promise.reject(new Error('no answer'))
    },
    logger,
    onMissing: (missing) => {
      seen.missing.push(...missing.map(({ wall }) => wall))
    },
  })
  return { guard, executor, seen, run: () => guard.run(REQUEST, { signal }) }
}

it('tries the walls once for all who ask, then runs what it is given', async () => {
  const { run, seen, executor } = guarded([async () => [finding(true)]])
  expect(await Promise.all([run(), run(), run()])).toEqual([outcome(), outcome(), outcome()])
  expect(seen).toEqual({ trials: 1, missing: [] })
  expect(executor.requests).toHaveLength(3)
})

it('runs nothing while the trial lasts', async () => {
  let finish: (findings: Finding[]) => void = () => {}
  const { run, executor } = guarded([
    () =>
      new Promise((resolve) => {
        finish = resolve
      }),
  ])
  const running = run()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(executor.requests).toEqual([])
  finish([finding(true)])
  expect(await running).toEqual(outcome())
})

it('refuses for ever where a wall is missing, tells whoever started it, and logs what to do', async () => {
  const { logger, lines } = memoryLog()
  const answers = [async () => [finding(true, 'network'), finding(false), finding(false, 'swap')]]
  const { run, seen, executor } = guarded(answers, logger)
  for (const attempt of [run(), run()]) {
    await expect(attempt).rejects.toMatchObject({ code: 'unavailable', status: 503 })
  }
  expect(seen).toEqual({ trials: 1, missing: ['memory', 'swap'] })
  expect(executor.requests).toEqual([])
  expect(lines.filter((line) => line.includes('"level":60'))).toHaveLength(2)
  expect(lines.join()).toContain('switch swap off')
})

it('tries again, a second later, where nothing could be tried', async () => {
  const refusal = new Refusal('unavailable', 'no engine')
  const { run, seen } = guarded([() => Promise.reject(refusal), async () => [finding(true)]])
  await expect(run()).rejects.toBe(refusal)
  await expect(run()).rejects.toBe(refusal)
  expect(seen.trials).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  expect(await run()).toEqual(outcome())
  expect(seen.trials).toBe(2)
})

it.each([
  ['an error', new Error('the probe ended with oom')],
  ['a trial that took too long', new Refusal('cancelled', 'cancelled')],
])('is unavailable after %s', async (_, error) => {
  const { run } = guarded([() => Promise.reject(error)])
  await expect(run()).rejects.toMatchObject({ code: 'unavailable', cause: error })
})

describe('later trials', () => {
  /** A guard that tries again all the time; `found` is what its trials find, one after the other, the last one for ever. */
  function living(found: (boolean | Error)[], options: Partial<GuardOptions> = {}) {
    const executor = new TestExecutor()
    const { logger, lines } = memoryLog()
    const seen = { trials: 0, lost: [] as string[] }
    const guard = new Guard({
      ...{ executor, logger, waitingCount: 1, isBusy: () => false, everyMs: 20 },
      inspect: async () => [finding(true)],
      inspectWaiting: async () => {
        const answer = found[Math.min(seen.trials, found.length - 1)]
        seen.trials += 1
        if (answer instanceof Error) throw answer
        return [finding(true, 'network'), finding(answer === true, 'swap')]
      },
      onMissing: () => expect.unreachable('it is not the first trial'),
      onLost: (missing) => seen.lost.push(...missing.map(({ wall }) => wall)),
      ...options,
    })
    const run = () => guard.run(REQUEST, { signal })
    const trials = (count: number) => expect.poll(() => seen.trials).toBeGreaterThanOrEqual(count)
    return { guard, executor, seen, lines, run, trials }
  }

  it('find nothing missing: everything is run', async () => {
    const { guard, run, seen, trials } = living([true])
    await run()
    await trials(3)
    await run()
    expect(seen.lost).toEqual([])
    guard.close()
  })

  it('find a wall lost: nothing is run, the log says what and what to do, whoever started it is told', async () => {
    const { guard, executor, run, seen, lines, trials } = living([true, false])
    await run()
    expect(guard.obstacle).toBeUndefined()
    await trials(2)
    await expect(run()).rejects.toMatchObject({ code: 'unavailable', status: 503 })
    expect(guard.obstacle).toContain('limit')
    expect(executor.requests).toHaveLength(1)
    expect(seen.lost).toContain('swap')
    expect(lines.find((line) => line.includes('"level":60'))).toMatch(/"wall":"swap".*switch swap/)
    guard.close()
  })

  it('find it again in every container that waits: programs are run', async () => {
    const { guard, run, seen, lines, trials } = living([false, true, false, true], {
      waitingCount: 3,
    })
    await run()
    await trials(7)
    await expect.poll(() => run().then(({ status }) => status)).toBe('ok')
    expect(lines.join()).toContain('the walls hold again')
    // Of the second trial the first and the last of three containers have it.
    expect(seen.lost).toEqual(['swap', 'swap'])
    guard.close()
  })

  it.each<[string, (boolean | Error)[], boolean]>([
    ['programs are run', [new Refusal('unavailable', 'no engine')], true],
    ['nothing is run', [false, new Refusal('unavailable', 'no engine')], false],
  ])('change nothing where they can not be made: %s as before', async (_, found, isServing) => {
    const { guard, run, lines, trials } = living(found)
    await run()
    await trials(3)
    expect(await run().then(Boolean, () => false)).toBe(isServing)
    expect(lines.join()).toContain('the walls could not be tried')
    guard.close()
  })

  it('are put off while all places are taken, but not for ever', async () => {
    let looks = 0
    const looksAtTrials: number[] = []
    const { guard, run } = living([], {
      isBusy: () => {
        looks += 1
        return true
      },
      inspectWaiting: async () => {
        looksAtTrials.push(looks)
        return []
      },
    })
    await run()
    await expect.poll(() => looksAtTrials.length).toBeGreaterThanOrEqual(2)
    expect(looksAtTrials.slice(0, 2)).toEqual([5, 10])
    guard.close()
  })

  it('are made no more, and stopped, when the guard is closed', async () => {
    let stopped: AbortSignal | undefined
    const { guard, run, lines } = living([true], {
      inspectWaiting: (given) => {
        stopped = given
        return new Promise((_, reject) =>
          given.addEventListener('abort', () => reject(new Error('stopped'))),
        )
      },
    })
    await run()
    await expect.poll(() => stopped?.aborted).toBe(false)
    guard.close()
    expect(stopped?.aborted).toBe(true)
    stopped = undefined
    await pause(60)
    expect(stopped).toBeUndefined()
    expect(lines.join()).not.toContain('could not be tried')
  })

  it('are not made before the first one, nor after one that found a wall missing', async () => {
    const { guard, seen, run } = living([true], {
      inspect: async () => [finding(false)],
      onMissing: () => {},
    })
    await pause(60)
    await expect(run()).rejects.toMatchObject({ code: 'unavailable' })
    await pause(60)
    expect(seen.trials).toBe(0)
    guard.close()
  })
})
