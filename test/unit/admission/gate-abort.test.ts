// The gate: callers that give up, before, while and after they wait. No place is lost and none is minted.

import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { Gate } from '../../../src/admission/gate.ts'
import { enter, settle } from './gate-visitor.ts'

const LONG_MS = 60_000

it('does not let in one who has given up already', async () => {
  const gate = new Gate({ maxRunning: 1, maxWaiting: 1, maxWaitMs: LONG_MS })
  let called = false
  const task = async () => {
    called = true
  }
  const gone = AbortSignal.abort('hung up')
  await expect(gate.use(task, gone)).rejects.toMatchObject({ code: 'cancelled', cause: 'hung up' })
  expect([called, gate.running, gate.waiting]).toEqual([false, 0, 0])
})

it('does not put into the line one who has given up already', async () => {
  const gate = new Gate({ maxRunning: 1, maxWaiting: 1, maxWaitMs: LONG_MS })
  enter(gate)
  const gone = AbortSignal.abort('hung up')
  await expect(gate.use(async () => 1, gone)).rejects.toMatchObject({ code: 'cancelled' })
  expect([gate.running, gate.waiting]).toEqual([1, 0])
})

it('lets one who gives up leave the line at once: cancelled', async () => {
  const gate = new Gate({ maxRunning: 1, maxWaiting: 1, maxWaitMs: LONG_MS })
  enter(gate)
  const second = enter(gate)
  await settle()
  second.abort(new Error('hung up'))
  expect(gate.waiting).toBe(0)
  await settle()
  expect([second.result, second.entered]).toEqual(['Refusal: The client hung up', 0])
})

it('gives the room of one who gave up to the next', async () => {
  const gate = new Gate({ maxRunning: 1, maxWaiting: 1, maxWaitMs: LONG_MS })
  const [first, second] = [enter(gate), enter(gate)]
  await settle()
  second.abort(new Error('hung up'))
  const third = enter(gate)
  await settle()
  first.finish()
  await settle()
  expect([second.entered, third.inside]).toEqual([0, true])
})

it('mints no place when one who waits gives up', async () => {
  const gate = new Gate({ maxRunning: 1, maxWaiting: 5, maxWaitMs: LONG_MS })
  const [first, second, third] = [enter(gate), enter(gate), enter(gate)]
  await settle()
  second.abort(new Error('hung up'))
  await settle()
  expect([gate.running, gate.waiting, third.inside]).toEqual([1, 1, false])
  first.finish()
  await settle()
  const fourth = enter(gate)
  await settle()
  expect([third.inside, fourth.inside, gate.running]).toEqual([true, false, 1])
})

it('keeps the place of one who gives up inside until its task has ended', async () => {
  const gate = new Gate({ maxRunning: 1, maxWaiting: 5, maxWaitMs: LONG_MS })
  const [first, second] = [enter(gate), enter(gate)]
  await settle()
  first.abort(new Error('hung up'))
  await settle()
  expect([first.inside, second.inside, gate.running]).toEqual([true, false, 1])
  first.fail(new Error('hung up'))
  await settle()
  expect([second.inside, gate.running]).toEqual([true, 1])
})

it('loses no place when one gives up at the moment its turn comes', async () => {
  for (let microtasks = 0; microtasks < 12; microtasks += 1) {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 5, maxWaitMs: LONG_MS })
    const [first, second, third] = [enter(gate), enter(gate), enter(gate)]
    await settle()
    first.finish()
    for (let i = 0; i < microtasks; i += 1) await null
    second.abort(new Error('hung up'))
    second.finish()
    await settle()
    expect([third.inside, gate.running, gate.waiting]).toEqual([true, 1, 0])
    third.finish()
    await settle()
    expect([gate.running, gate.waiting]).toEqual([0, 0])
  }
})

it('listens to no signal any more when the wait is over, however it ended', async () => {
  const gate = new Gate({ maxRunning: 1, maxWaiting: 5, maxWaitMs: 20 })
  const [first, second, third, fourth] = [enter(gate), enter(gate), enter(gate), enter(gate)]
  const listeners = () =>
    [first, second, third, fourth].map(({ signal }) => getEventListeners(signal, 'abort').length)
  await settle()
  expect(listeners()).toEqual([0, 1, 1, 1])
  first.finish() // the second enters
  third.abort(new Error('hung up'))
  await settle()
  expect(listeners()).toEqual([0, 0, 0, 1])
  await new Promise((resolve) => setTimeout(resolve, 30)) // the fourth has waited too long
  expect(listeners()).toEqual([0, 0, 0, 0])
  second.finish()
})
