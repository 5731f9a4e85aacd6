// Events and their ids, and that a reader who is gone leaves nothing behind.

import { getEventListeners } from 'node:events'
import { expect, it, vi } from 'vitest'
import { EventLog, isAfter } from '../../../src/async-runs/event-log.ts'

it.each([
  ['1-2', '1-1', true],
  ['1-10', '1-9', true],
  ['2-1', '1-99', true],
  ['1000000-0', '1-9999999999', true],
  ['1-1', '1-1', false],
  ['1-9', '1-10', false],
  ['1-99', '2-1', false],
])('whether %s is after %s: %s', (id, other, expected) => {
  expect(isAfter(id, other)).toBe(expected)
})

it('a reader who leaves leaves nothing behind: not in the log, and not at its signal', async () => {
  const log = new EventLog()
  const controller = new AbortController()
  const { signal } = controller
  const stopped = vi.spyOn(signal, 'removeEventListener')
  const reader = log.after('0-0', signal)
  const next = reader.next()
  controller.abort()
  expect(await next).toEqual({ done: true, value: undefined })
  const calls = stopped.mock.calls.length
  log.start()
  log.write('stdout', 'x')
  expect(stopped).toHaveBeenCalledTimes(calls)
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

it('a reader has one listener at its signal however many events it reads', async () => {
  const log = new EventLog()
  const { signal } = new AbortController()
  const reader = log.after('0-0', signal)
  for (let n = 0; n < 20; n += 1) {
    const next = reader.next()
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    log.write('stdout', 'x')
    expect(await next).toMatchObject({ value: { id: `1-${n + 1}` } })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  }
})
