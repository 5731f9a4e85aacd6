// How long a webhook waits between its attempts.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { backoffMs } from '../../../src/webhooks/backoff.ts'
import { retryAfterMs } from '../../../src/webhooks/retry-after.ts'

it('grows from a second to two minutes', () => {
  expect([1, 2, 3, 4].map((attempt) => backoffMs(attempt, 0, 0.5))).toEqual([
    1000, 5000, 25_000, 125_000,
  ])
})

it('is a fifth shorter or longer', () => {
  expect([0, 1].map((random) => backoffMs(1, 0, random))).toEqual([800, 1200])
  const random = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(random, (value) => {
      expect(backoffMs(3, 0, value)).toBeGreaterThanOrEqual(20_000)
      expect(backoffMs(3, 0, value)).toBeLessThanOrEqual(30_000)
    }),
  )
})

it('is at least what the receiver asked for', () => {
  expect(backoffMs(1, 7000, 0.5)).toBe(7000)
  expect(backoffMs(4, 7000, 0.5)).toBe(125_000)
})

const NOW_MS = Date.UTC(2026, 0, 31, 12)

it.each([
  ['120', 120_000],
  [' 120 ', 120_000],
  ['0', 0],
  ['300', 300_000],
  ['301', 300_000],
  ['9'.repeat(400), 300_000],
  ['Sat, 31 Jan 2026 12:01:30 GMT', 90_000],
  ['Sat, 31 Jan 2026 11:00:00 GMT', 0],
  ['Sat, 31 Jan 2099 11:00:00 GMT', 300_000],
  ['soon', 0],
  ['', 0],
  ['-1', 0],
  [undefined, 0],
  [['120', '120'], 0],
])('reads Retry-After: %j', (field, ms) => {
  expect(retryAfterMs(field, NOW_MS)).toBe(ms)
})
