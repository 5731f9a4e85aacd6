// What a key may do, and what limits it has of its own.

import { describe, expect, it } from 'vitest'
import { KeyRing } from '../../../src/keys/key-ring.ts'
import { outcome, postForm, postRun, testApp, testKey } from '../support/app.ts'
import { HeldRun } from '../support/held-run.ts'

const as = (key: string) => ({ Authorization: `Bearer ${key}` })

it('a ring that asks for keys and has none lets nobody in', () => {
  const ring = new KeyRing({ isRequired: true })
  for (const key of ['', 'a', 'undefined']) expect(ring.find(key)).toBeUndefined()
})

it('a ring refuses a key with the name of one that stays', () => {
  const ring = new KeyRing({ isRequired: true, fixed: [testKey('key-1')] })
  expect(() => ring.replace([{ ...testKey('other'), name: 'key-1' }])).toThrow('is called key-1')
  expect(ring.find('other')).toBeUndefined()
})

it('a ring tells of the keys whose bound on programs at once has changed, and of no others', () => {
  const ring = new KeyRing({ isRequired: true })
  const told: unknown[] = []
  ring.onNewLimits = (keys) =>
    told.push(keys.map(({ name, maxConcurrent }) => [name, maxConcurrent]))
  const [kept, free] = [testKey('kept', { maxConcurrent: 1 }), testKey('free')]
  ring.replace([kept, free, testKey('grown', { maxConcurrent: 1 })])
  ring.replace([kept, free, testKey('grown', { maxConcurrent: 3, weight: 2 })])
  ring.replace([kept, { ...free, weight: 2 }, testKey('grown'), testKey('new')])
  ring.replace([kept])
  expect(told).toEqual([[['grown', 3]], [['grown', undefined]]])
})

describe('a right', () => {
  it('is needed to run programs', async () => {
    const { app, executor } = testApp({ keys: [testKey('reader', { rights: ['read-runs'] })] })
    const response = await postRun(app, undefined, as('reader'))
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({
      code: 'forbidden',
      error: 'This key does not have the right run',
    })
    expect(executor.requests).toEqual([])
  })
})

describe('the longest time', () => {
  const keys = [
    testKey('short', { maxTimeoutSeconds: 2 }),
    testKey('long', { maxTimeoutSeconds: 99 }),
  ]

  it.each([
    ['short', undefined, 200, 2],
    ['short', 2, 200, 2],
    ['short', 2.001, 400, undefined],
    ['long', undefined, 200, 10],
    ['long', 10, 200, 10],
    ['long', 11, 400, undefined],
  ])('of the key %s, asked for %s', async (key, timeoutSeconds, status, given) => {
    const { app, executor } = testApp({ keys })
    const response = await postRun(
      app,
      { code: 'x', ...(timeoutSeconds && { timeoutSeconds }) },
      as(key),
    )
    expect(response.status).toBe(status)
    expect(executor.requests[0]?.timeoutSeconds).toBe(given)
  })

  it('holds on the page too', async () => {
    const { app } = testApp({ keys })
    expect((await postForm(app, { code: 'x', timeoutSeconds: '3', key: 'short' })).status).toBe(400)
    expect((await postForm(app, { code: 'x', timeoutSeconds: '2', key: 'short' })).status).toBe(200)
  })
})

describe('programs at once', () => {
  const keys = [testKey('one', { maxConcurrent: 1 }), testKey('any')]

  it('are bounded for the key that has a bound, and for no other; an end makes room', async () => {
    const { app, executor } = testApp({ keys })
    const held = new HeldRun()
    executor.answer = held.answer
    const first = postRun(app, undefined, as('one'))
    await held.asked
    const second = await postRun(app, undefined, as('one'))
    expect([second.status, second.headers.get('Retry-After')]).toEqual([429, '1'])
    expect(await second.json()).toMatchObject({ code: 'rate_limited' })
    executor.answer = async () => outcome()
    const other = postRun(app, undefined, as('any'))
    held.start()
    held.end(outcome())
    expect((await first).status).toBe(200)
    expect((await other).status).toBe(200)
    const third = postRun(app, undefined, as('one'))
    expect((await third).status).toBe(200)
  })
})
