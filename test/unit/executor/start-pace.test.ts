import { expect, it } from 'vitest'
import { StartPace } from '../../../src/executor/start-pace.ts'

function clocked() {
  let nowMs = 0
  const pace = new StartPace(() => nowMs)
  const pass = (ms: number) => {
    nowMs += ms
  }
  return { pace, pass }
}

it('is for a client that hung up more than three times lately, for it alone, and for a while', () => {
  const { pace, pass } = clocked()
  for (let n = 0; n < 3; n += 1) pace.addHangUp('a')
  expect([pace.isFor('a'), pace.isForPool]).toEqual([false, false])
  pace.addHangUp('a')
  expect([pace.isFor('a'), pace.isFor('b'), pace.isForPool]).toEqual([true, false, true])
  pass(5000)
  expect([pace.isFor('a'), pace.isForPool]).toEqual([false, false])
})

it('pauses for three times what a start took', () => {
  const { pace, pass } = clocked()
  expect(pace.delayMs).toBe(0)
  const end = pace.start()
  pass(400)
  expect(pace.delayMs).toBe(Number.POSITIVE_INFINITY)
  end()
  expect(pace.delayMs).toBe(1200)
  pass(1199)
  expect(pace.delayMs).toBe(1)
  pass(1)
  expect(pace.delayMs).toBe(0)
})
