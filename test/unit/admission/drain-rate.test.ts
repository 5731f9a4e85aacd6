// How fast a line moves, on a clock that the test turns.

import { expect, it } from 'vitest'
import { DrainRate } from '../../../src/admission/drain-rate.ts'

/** Guesses that one leaves in a second. */
const GUESS = 1

/** A rate at a time that the test sets. */
function rateAt(startMs = 1000) {
  const clock = { ms: startMs }
  const rate = new DrainRate(() => clock.ms)
  /** Lets so many leave, one after each interval. */
  const leave = (count: number, intervalMs: number) => {
    for (let i = 0; i < count; i += 1) {
      clock.ms += intervalMs
      rate.left()
    }
  }
  return { clock, rate, leave }
}

it('is the guess before anything was seen', () => {
  const { rate } = rateAt()
  expect(rate.perSecond(4)).toBe(4)
  rate.setFull(true)
  expect(rate.perSecond(4)).toBe(4)
})

it.each([
  [0.1, 120],
  [1, 60],
  [5, 60],
  [200, 60],
])('comes near what is so: %s a second', (perSecond, seconds) => {
  const { clock, rate, leave } = rateAt()
  rate.setFull(true)
  leave(perSecond * seconds, 1000 / perSecond)
  clock.ms += 500 / perSecond // halfway to the next one: just after one it is more, just before it less
  const measured = rate.perSecond(GUESS) / perSecond
  expect(measured).toBeGreaterThan(0.8)
  expect(measured).toBeLessThan(1.4)
})

it('is known after few departures', () => {
  const { rate, leave } = rateAt()
  rate.setFull(true)
  leave(3, 4000)
  expect(rate.perSecond(8)).toBeGreaterThan(0.2)
  expect(rate.perSecond(8)).toBeLessThan(0.35)
})

it('falls while nobody leaves, from the first second on, and never to nothing', () => {
  const { clock, rate } = rateAt()
  rate.setFull(true)
  const rates = [1, 2, 5, 10, 3600].map((second) => {
    clock.ms = 1000 + second * 1000
    return rate.perSecond(GUESS)
  })
  expect(rates).toEqual([...rates].sort((a, b) => b - a))
  expect(rates[0]).toBeLessThan(0.5 * GUESS)
  expect(rates.at(-1)).toBeGreaterThan(0)
})

it('follows a change within half a minute', () => {
  const { rate, leave } = rateAt()
  rate.setFull(true)
  leave(200, 100)
  leave(6, 5000)
  expect(rate.perSecond(GUESS)).toBeLessThan(2)
  leave(300, 100)
  expect(rate.perSecond(GUESS)).toBeGreaterThan(7)
})

it('is not that at which they come while places are free', () => {
  const { clock, rate, leave } = rateAt()
  rate.setFull(true)
  leave(10, 500)
  const before = rate.perSecond(GUESS)
  rate.setFull(false)
  leave(5, 1000)
  clock.ms += 10
  expect(rate.perSecond(GUESS)).toBeCloseTo(before, 0)
})

it('is forgotten in minutes without a crowd', () => {
  const { clock, rate, leave } = rateAt()
  rate.setFull(true)
  leave(300, 100)
  rate.setFull(false)
  clock.ms += 10 * 60_000
  expect(rate.perSecond(GUESS)).toBeCloseTo(GUESS, 5)
})

it('says when to come back: after those who wait, within a minute', () => {
  const { rate, leave } = rateAt()
  expect([0, 1, 7, 59, 60, 61, 1e9].map((n) => rate.retryAfter(n, GUESS))).toEqual([
    ...['1', '1', '7', '59', '60', '60', '60'],
  ])
  rate.setFull(true)
  leave(400, 100)
  expect(rate.retryAfter(100, GUESS)).toBe('10')
})
