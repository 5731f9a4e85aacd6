// The circuit: when it opens, how often it tries, and that one success closes it.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Circuit } from '../../../src/executor/circuit.ts'

let circuit: Circuit
beforeEach(() => {
  vi.useFakeTimers()
  circuit = new Circuit()
})
afterEach(() => vi.useRealTimers())

/** Whether a request may start a container now. */
function passes(): boolean {
  try {
    circuit.pass()
    return true
  } catch {
    return false
  }
}

function fail(times: number): void {
  for (let n = 0; n < times; n += 1) circuit.onFailed()
}

describe('a circuit', () => {
  it('lets everything through until three starts in a row have failed', () => {
    fail(2)
    expect([circuit.isOpen, passes(), passes()]).toEqual([false, true, true])
    circuit.onReady()
    fail(2)
    expect(circuit.isOpen).toBe(false)
    fail(1)
    expect([circuit.isOpen, passes()]).toEqual([true, false])
  })

  it('lets one through after half a second, and then ever later, at most every four', () => {
    fail(3)
    const pauses: number[] = []
    for (let trial = 0; trial < 6; trial += 1) {
      const startMs = performance.now()
      while (!passes()) vi.advanceTimersByTime(100)
      pauses.push(performance.now() - startMs)
      expect(passes()).toBe(false)
      fail(1)
    }
    expect(pauses).toEqual([500, 1000, 2000, 4000, 4000, 4000])
  })

  it('is closed by one success, and forgets how long it waited', () => {
    fail(3)
    vi.advanceTimersByTime(500)
    expect(passes()).toBe(true)
    circuit.onReady()
    expect([circuit.isOpen, passes(), passes()]).toEqual([false, true, true])
    fail(3)
    vi.advanceTimersByTime(500)
    expect(passes()).toBe(true)
  })

  it('rests after each failure, once for several at the same time', () => {
    const rests: number[] = []
    for (let trial = 0; trial < 5; trial += 1) {
      fail(4)
      rests.push(circuit.restMs)
      vi.advanceTimersByTime(circuit.restMs)
    }
    expect(rests).toEqual([500, 1000, 2000, 4000, 4000])
    circuit.onReady()
    circuit.onLost()
    expect([circuit.restMs, circuit.isOpen, passes()]).toEqual([500, false, true])
  })

  it('tells a client that the service is unavailable, and when to come back', () => {
    fail(3)
    expect(() => circuit.pass()).toThrow(
      expect.objectContaining({ code: 'unavailable', headers: { 'Retry-After': '5' } }),
    )
  })
})
