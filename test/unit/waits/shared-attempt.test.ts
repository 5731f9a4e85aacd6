// One attempt for all: shared while it goes on, remembered when it succeeded, made again after it failed.

import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { SharedAttempt } from '../../../src/waits/shared-attempt.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** An attempt that ends each time as this list says; the last is for all that follow. */
function attempt(...ends: (number | Error)[]) {
  const seen = { count: 0 }
  const shared = new SharedAttempt(async () => {
    const end = ends[Math.min(seen.count, ends.length - 1)]
    seen.count += 1
    if (end instanceof Error) throw end
    return end
  })
  return { shared, seen }
}

const failure = new Error('not now')

it('makes no attempt before it is asked', () => {
  expect(attempt(1).seen.count).toBe(0)
})

it('makes one for all who ask while it goes on, and for all who ask later', async () => {
  const { shared, seen } = attempt(1, 2)
  const all = Array.from({ length: 20 }, () => shared.get())
  expect(await Promise.all(all)).toEqual(Array.from({ length: 20 }, () => 1))
  vi.advanceTimersByTime(24 * 3600 * 1000)
  expect(await shared.get()).toBe(1)
  expect(seen.count).toBe(1)
})

it('fails for all who ask within a second, then tries again', async () => {
  const { shared, seen } = attempt(failure, 2)
  const all = await Promise.allSettled([shared.get(), shared.get()])
  expect(all.map((result) => 'reason' in result && result.reason)).toEqual([failure, failure])
  vi.advanceTimersByTime(999)
  await expect(shared.get()).rejects.toBe(failure)
  expect(seen.count).toBe(1)
  vi.advanceTimersByTime(1)
  expect(await shared.get()).toBe(2)
  vi.advanceTimersByTime(10_000)
  expect(await shared.get()).toBe(2)
  expect(seen.count).toBe(2)
})

it('makes one attempt a second at most where each fails', async () => {
  const { shared, seen } = attempt(failure)
  for (let i = 0; i < 30; i += 1) {
    await expect(shared.get()).rejects.toBe(failure)
    vi.advanceTimersByTime(100)
  }
  expect(seen.count).toBe(3)
})

it('counts the second from the end of the attempt, not from its start', async () => {
  let fail: (error: Error) => void = () => {}
  let count = 0
  const shared = new SharedAttempt(() => {
    count += 1
    return new Promise<never>((_, reject) => {
      fail = reject
    })
  })
  const first = shared.get()
  vi.advanceTimersByTime(60_000)
  expect(shared.get()).toBe(first)
  fail(failure)
  await expect(first).rejects.toBe(failure)
  vi.advanceTimersByTime(999)
  await expect(shared.get()).rejects.toBe(failure)
  expect(count).toBe(1)
})

it('takes what is thrown at once for a failure like any other', async () => {
  const shared = new SharedAttempt(() => {
    throw failure
  })
  await expect(shared.get()).rejects.toBe(failure)
})
