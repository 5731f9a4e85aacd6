// The gate with several clients: none takes the turns or the places in the line of another one, and busy is honest.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Gate } from '../../../src/admission/gate.ts'
import { enter, settle, visitor } from './gate-visitor.ts'

const LONG_MS = 60_000
const flood = { name: 'flood', weight: 1 }
const calm = { name: 'calm', weight: 1 }

type Visitor = ReturnType<typeof enter>

/** Ends whoever is inside, one after the other, and tells in which order they came in, by their names. */
async function serve(named: Record<string, Visitor[]>): Promise<string[]> {
  const order: string[] = []
  const all = Object.entries(named).flatMap(([name, visitors]) =>
    visitors.map((one, index) => ({ name: `${name}${index}`, one })),
  )
  for (;;) {
    await settle()
    const next = all.find(({ one }) => one.inside)
    if (!next) return order
    order.push(next.name)
    next.one.finish()
  }
}

const enterMany = (gate: Gate, client: typeof flood | undefined, count: number) =>
  Array.from({ length: count }, () => enter(gate, client))

/** The clock of what is measured stands still, however slow the machine is. */
beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => vi.useRealTimers())

describe('one request', () => {
  it.each([1, 4])(
    'waits until two of %i places became free, not for 200 of another client',
    async (maxRunning) => {
      const gate = new Gate({ maxRunning, maxWaiting: 256, maxWaitMs: LONG_MS })
      const others = enterMany(gate, flood, maxRunning + 200)
      await settle()
      const one = enter(gate, calm)
      for (let left = 0; left < 2; left += 1) {
        others.find(({ inside }) => inside)?.finish()
        await settle()
      }
      expect([one.inside, gate.waiting]).toEqual([true, 199])
      for (const other of [one, ...others]) other.finish()
    },
  )

  it('is served with the weight of its client', async () => {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 20, maxWaitMs: LONG_MS })
    const first = enterMany(gate, undefined, 1)
    const heavy = enterMany(gate, { name: 'heavy', weight: 3 }, 6)
    const light = enterMany(gate, { name: 'light', weight: 1 }, 6)
    const order = await serve({ first, heavy, light })
    expect(order.slice(1, 9).filter((name) => name.startsWith('heavy'))).toHaveLength(6)
    expect(order.slice(1, 4)).toContain('light0')
  })

  it('of our own goes first, and is never displaced', async () => {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 2, maxWaitMs: LONG_MS })
    const floods = enterMany(gate, flood, 3)
    const own = enterMany(gate, undefined, 1)
    const calms = enterMany(gate, calm, 1)
    expect(await serve({ flood: floods, own, calm: calms })).toEqual(['flood0', 'own0', 'flood1'])
  })
})

describe('a full line', () => {
  it('has room for who holds less: the newest of who holds most is refused', async () => {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 3, maxWaitMs: LONG_MS })
    const floods = enterMany(gate, flood, 4)
    await settle()
    const one = enter(gate, calm)
    await settle()
    expect(floods.map(({ result }) => result)).toEqual([
      ...[undefined, undefined, undefined],
      'Refusal: The queue is full, and clients with fewer runs in it go first; try again later',
    ])
    await expect(floods[3]?.used).rejects.toMatchObject({
      ...{ code: 'busy', status: 503, headers: { 'Retry-After': '3' } },
    })
    expect([gate.running, gate.waiting]).toEqual([1, 3])
    expect(await serve({ flood: floods, calm: [one] })).toEqual([
      ...['flood0', 'flood1', 'calm0', 'flood2'],
    ])
    expect([gate.running, gate.waiting]).toEqual([0, 0])
  })

  it('refuses who holds as much as the others', async () => {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 4, maxWaitMs: LONG_MS })
    enter(gate)
    enterMany(gate, flood, 4)
    enterMany(gate, calm, 2)
    for (const client of [flood, calm]) {
      await expect(visitor(gate, client).used).rejects.toMatchObject({
        ...{ code: 'busy', message: 'The queue is full; try again later' },
      })
    }
    expect(gate.waiting).toBe(4)
  })

  it('leaves nothing of who was displaced: no timer, no listener', async () => {
    vi.useRealTimers()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const gate = new Gate({ maxRunning: 1, maxWaiting: 1, maxWaitMs: LONG_MS })
    enter(gate, flood)
    const own = enter(gate)
    await settle()
    expect(vi.getTimerCount()).toBe(1)
    const floods = enterMany(gate, flood, 1)
    own.abort(new Error('hung up'))
    floods.push(...enterMany(gate, flood, 1))
    enter(gate)
    await settle()
    expect(floods.map(({ result }) => result?.slice(0, 27))).toEqual([
      ...['Refusal: The queue is full;', 'Refusal: The queue is full,'],
    ])
    expect(vi.getTimerCount()).toBe(1)
    for (const one of floods) one.abort(new Error('hung up'))
    expect(gate.waiting).toBe(1)
  })
})

describe('Retry-After', () => {
  /** What a gate for one says with ten who wait, after so many left, each after so many seconds inside. */
  async function hint(left: number, seconds: number): Promise<number> {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 10, maxWaitMs: LONG_MS })
    const visitors = enterMany(gate, flood, 11)
    for (let i = 0; i < left; i += 1) {
      await settle()
      vi.advanceTimersByTime(seconds * 1000)
      visitors.find(({ inside }) => inside)?.finish()
      await settle()
      visitors.push(enter(gate, flood))
    }
    const refusal = await visitor(gate, flood).used.catch((error) => error)
    for (const one of visitors) one.finish()
    return Number(refusal.headers['Retry-After'])
  }

  it('is long where they leave slowly, short where they leave fast, and a guess before that', async () => {
    expect(await hint(0, 0)).toBe(10)
    expect(await hint(100, 0.1)).toBe(1)
    expect(await hint(6, 4)).toBeGreaterThan(30)
    expect(await hint(6, 4)).toBeLessThan(50)
    expect(await hint(3, 60)).toBe(60)
  })

  it('is the later the longer the line is', async () => {
    const gate = new Gate({ maxRunning: 2, maxWaiting: 7, maxWaitMs: LONG_MS })
    enterMany(gate, flood, 9)
    await expect(visitor(gate, flood).used).rejects.toMatchObject({
      headers: { 'Retry-After': '4' },
    })
  })

  it('grows while nobody leaves', async () => {
    const gate = new Gate({ maxRunning: 2, maxWaiting: 4, maxWaitMs: LONG_MS })
    enterMany(gate, flood, 6)
    const hints: number[] = []
    for (let i = 0; i < 3; i += 1) {
      const refusal = await visitor(gate, flood).used.catch((error) => error)
      hints.push(Number(refusal.headers['Retry-After']))
      vi.advanceTimersByTime(2000)
    }
    expect(hints).toEqual([2, 17, 31])
  })
})
