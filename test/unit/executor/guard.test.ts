// Nothing runs before the walls were tried, and nothing at all where one is missing.

import { pino } from 'pino'
import { expect, it } from 'vitest'
import { Refusal } from '../../../src/errors.ts'
import { Guard } from '../../../src/executor/guard.ts'
import type { Finding } from '../../../src/executor/walls.ts'
import { ownRequest } from '../../../src/run.ts'
import { memoryLog, outcome, TestExecutor } from '../support/app.ts'

const REQUEST = ownRequest({ code: 'pass', environment: 'python', timeoutSeconds: 1 })
const signal = new AbortController().signal

const finding = (holds: boolean, wall = 'memory'): Finding => ({
  ...{ wall, tried: 'took too much', seen: 'it got it' },
  ...{ holds, advice: 'switch swap off' },
})

function guarded(answers: (() => Promise<Finding[]>)[], logger = pino({ level: 'silent' })) {
  const executor = new TestExecutor()
  const seen = { trials: 0, missing: [] as string[] }
  const guard = new Guard({
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
