// Waits have an end: the time, a signal, or what was waited for.

import { describe, expect, it } from 'vitest'
import { Bell } from '../../../src/waits/bell.ts'
import { pause } from '../../../src/waits/pause.ts'
import { settlesWithin } from '../../../src/waits/settles-within.ts'

const LONG_MS = 60_000
const never = new Promise<never>(() => {})

describe('a pause', () => {
  it('ends by itself', async () => {
    const startMs = performance.now()
    await pause(20)
    expect(performance.now() - startMs).toBeGreaterThan(15)
  })

  it('ends with its signal, before or meanwhile', async () => {
    await pause(LONG_MS, AbortSignal.abort())
    const stop = new AbortController()
    const paused = pause(LONG_MS, stop.signal)
    stop.abort(new Error('a reason'))
    await paused
  })
})

describe('settlesWithin', () => {
  it('says whether it did', async () => {
    expect(await settlesWithin(Promise.resolve(), LONG_MS)).toBe(true)
    expect(await settlesWithin(never, 5)).toBe(false)
  })

  it('throws what it rejects with in that time, and nothing later', async () => {
    await expect(settlesWithin(Promise.reject(new Error('no')), LONG_MS)).rejects.toThrow('no')
    const late = pause(10).then(() => Promise.reject(new Error('late')))
    expect(await settlesWithin(late, 1)).toBe(false)
    await expect(late).rejects.toThrow('late')
  })
})

describe('a bell', () => {
  it('wakes who waits', async () => {
    const bell = new Bell()
    const heard = bell.heard(LONG_MS)
    bell.ring()
    expect(await heard).toBe(true)
  })

  it('remembers one ring where nobody waits', async () => {
    const bell = new Bell()
    bell.ring()
    bell.ring()
    expect([await bell.heard(LONG_MS), await bell.heard(5), await bell.heard(5)]).toEqual([
      ...[true, false, false],
    ])
  })
})
