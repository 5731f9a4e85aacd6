// The gate: how many run, how many wait, how long, and in what order.

import { describe, expect, it } from 'vitest'
import { Gate } from '../../../src/admission/gate.ts'
import { Refusal } from '../../../src/run/refusal.ts'
import { enter, settle, visitor } from './gate-visitor.ts'

const LONG_MS = 60_000
const { signal } = new AbortController()

/** What a promise is rejected with; fails where it resolves. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it resolved'),
    (error: unknown) => error,
  )
}

describe('a place', () => {
  it('is had at once until the limit, and not by one more', async () => {
    const gate = new Gate({ maxRunning: 2, maxWaiting: 10, maxWaitMs: LONG_MS })
    const [first, second, third] = [enter(gate), enter(gate), enter(gate)]
    await settle()
    expect([first, second, third].map(({ inside }) => inside)).toEqual([true, true, false])
    expect([gate.running, gate.waiting]).toEqual([2, 1])
    expect(gate.isFull).toBe(true)
    first.finish()
    await settle()
    expect(third.inside).toBe(true)
    expect([gate.running, gate.waiting]).toEqual([2, 0])
    second.finish()
    third.finish()
    await settle()
    expect([gate.running, gate.waiting]).toEqual([0, 0])
    expect(gate.isFull).toBe(false)
  })

  it('gives back what the task returns', async () => {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 0, maxWaitMs: LONG_MS })
    expect(await gate.use(async () => 42, signal)).toBe(42)
  })

  it.each([
    ['rejects', () => Promise.reject(new Error('boom'))],
    [
      'throws',
      () => {
        throw new Error('boom')
      },
    ],
  ])('is free again when the task %s', async (_, task) => {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 0, maxWaitMs: LONG_MS })
    expect(await rejection(gate.use(task, signal))).toEqual(new Error('boom'))
    expect(gate.running).toBe(0)
    expect(await gate.use(async () => 'next', signal)).toBe('next')
  })

  it('goes to who waits when the task before it throws', async () => {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 1, maxWaitMs: LONG_MS })
    const [first, second] = [enter(gate), enter(gate)]
    first.fail(new Error('boom'))
    await settle()
    expect([first.result, second.inside]).toEqual(['Error: boom', true])
    second.finish()
    await settle()
    expect(gate.running).toBe(0)
  })
})

describe('the waiting line', () => {
  it('is served first come first served', async () => {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 5, maxWaitMs: LONG_MS })
    const visitors = Array.from({ length: 6 }, () => enter(gate))
    const order: number[] = []
    for (let turn = 0; turn < visitors.length; turn += 1) {
      await settle()
      const index = visitors.findIndex(({ inside }) => inside)
      order.push(index)
      visitors[index]?.finish()
    }
    expect(order).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('can not be jumped by one who comes as a place becomes free', async () => {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 5, maxWaitMs: LONG_MS })
    const [first, second] = [enter(gate), enter(gate)]
    await settle()
    first.finish()
    const third = enter(gate)
    await settle()
    expect([second.inside, third.inside]).toEqual([true, false])
  })

  it('answers at once when it is full: 503 busy', async () => {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 1, maxWaitMs: LONG_MS })
    enter(gate)
    enter(gate)
    const refused = await rejection(visitor(gate).used)
    expect(refused).toBeInstanceOf(Refusal)
    expect(refused).toMatchObject({
      code: 'busy',
      status: 503,
      message: 'The queue is full; try again later',
      headers: { 'Retry-After': '1' },
    })
    expect([gate.running, gate.waiting]).toEqual([1, 1])
  })

  it('may have no room at all', async () => {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 0, maxWaitMs: LONG_MS })
    const first = enter(gate)
    await settle()
    expect(await rejection(visitor(gate).used)).toMatchObject({ code: 'busy' })
    first.finish()
    await settle()
    expect(await gate.use(async () => 'next', signal)).toBe('next')
  })

  it('is left when the wait ran out: 503 busy', async () => {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 1, maxWaitMs: 20 })
    const first = enter(gate)
    const startedAtMs = performance.now()
    const refused = await rejection(visitor(gate).used)
    expect(performance.now() - startedAtMs).toBeGreaterThan(15)
    expect(refused).toMatchObject({
      code: 'busy',
      status: 503,
      message: 'No slot became free in time; try again later',
      headers: { 'Retry-After': expect.stringMatching(/^[1-9]\d?$/) },
    })
    expect([gate.running, gate.waiting]).toEqual([1, 0])
    first.finish()
    await settle()
    expect(gate.running).toBe(0)
  })

  it('bounds the wait and not the stay', async () => {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 1, maxWaitMs: 5 })
    const first = enter(gate)
    await settle()
    first.finish()
    const second = enter(gate)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([second.inside, second.result]).toEqual([true, undefined])
    second.finish()
    await settle()
    expect(second.result).toBe('done')
  })
})
