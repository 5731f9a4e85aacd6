// Who is next: turns, weights, those who may not come, and that nobody is lost whatever happens.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BalancedLine } from '../../../src/admission/balanced-line.ts'

interface One {
  client: string
  weight: number
  maxOut: number
  name: string
}

function one(client: string, given: Partial<One> = {}): One {
  return { client, weight: 1, maxOut: Number.POSITIVE_INFINITY, name: client, ...given }
}

function lineOf(...waiting: One[]): BalancedLine<One> {
  const line = new BalancedLine<One>()
  for (const each of waiting) line.add(each)
  return line
}

/** The clients of those who come, where each leaves before the next one comes. */
function order(line: BalancedLine<One>, count = line.size): string {
  let clients = ''
  for (let n = 0; n < count; n += 1) {
    const next = line.take()
    if (!next) return `${clients}-`
    clients += next.client
    line.leave(next)
  }
  return clients
}

it('clients take turns, and each has its own in order', () => {
  expect(order(lineOf(one('a'), one('a'), one('a'), one('b'), one('c'), one('b')))).toBe('abcaba')
  const line = lineOf(one('a', { name: '1' }), one('a', { name: '2' }))
  expect([line.take()?.name, line.take()?.name, line.take()]).toEqual(['1', '2', undefined])
})

it('who comes late is not behind all who wait, and has saved no turns', () => {
  const line = lineOf(...Array.from({ length: 9 }, () => one('a')))
  expect(order(line, 5)).toBe('aaaaa')
  for (let n = 0; n < 4; n += 1) line.add(one('b'))
  expect(order(line)).toBe('abababab')
})

it('who comes again and again does not pass by those who wait', () => {
  const line = lineOf(...Array.from({ length: 4 }, () => one('a')))
  let clients = ''
  for (let n = 0; n < 4; n += 1) {
    line.add(one('b'))
    clients += order(line, 2)
  }
  expect(clients.replaceAll('b', '')).toBe('aaaa')
})

it('weights are shares of the turns', () => {
  const many = (client: string, weight: number) =>
    Array.from({ length: 60 }, () => one(client, { weight }))
  const clients = order(lineOf(...many('a', 1), ...many('b', 3), ...many('c', 2)), 60)
  const share = (client: string) => clients.split(client).length - 1
  expect([share('a'), share('b'), share('c')]).toEqual([10, 30, 20])
})

it('the next place is for who has the fewest out', () => {
  const line = lineOf(...Array.from({ length: 5 }, () => one('a')))
  for (let n = 0; n < 3; n += 1) line.take()
  line.add(one('b'))
  line.add(one('b'))
  expect([line.take()?.client, line.take()?.client, line.take()?.client]).toEqual(['b', 'b', 'a'])
})

it('who has all it may have out is passed over until one leaves', () => {
  const narrow = () => one('a', { maxOut: 1 })
  const line = lineOf(narrow(), narrow(), one('b'))
  const first = line.take()
  expect([first?.client, line.take()?.client, line.take()]).toEqual(['a', 'b', undefined])
  if (first) line.leave(first)
  expect(line.take()?.client).toBe('a')
})

it('what a client said last of how many it may have out holds for all that it has waiting', () => {
  const line = lineOf(one('a', { maxOut: 1, name: '1' }), one('a', { maxOut: 1, name: '2' }))
  expect([line.take()?.name, line.take()]).toEqual(['1', undefined])
  line.add(one('a', { maxOut: 3, name: '3' }))
  expect([line.take()?.name, line.take()?.name, line.take()]).toEqual(['2', '3', undefined])
  line.add(one('a', { maxOut: 3 }))
  line.setMaxOut('a', 4)
  expect(line.take()).toBeDefined()
})

it('tells which of those that wait are parked: their client has all it may have without them', () => {
  const line = lineOf(...Array.from({ length: 5 }, () => one('a', { maxOut: 2 })), one('b'))
  expect([line.size, line.parked]).toEqual([6, 3])
  expect(line.of('a')).toEqual({ waiting: 5, parked: 3, room: 2 })
  line.take()
  line.take()
  line.take()
  expect([line.size, line.parked]).toEqual([3, 3])
  expect(line.of('a')).toEqual({ waiting: 3, parked: 3, room: 0 })
  line.setMaxOut('a', 1)
  expect(line.of('a')).toEqual({ waiting: 3, parked: 3, room: 0 })
  line.setMaxOut('a', Number.POSITIVE_INFINITY)
  expect(line.of('a')).toMatchObject({ waiting: 3, parked: 0 })
  expect(line.of('nobody')).toEqual({ waiting: 0, parked: 0, room: undefined })
})

it('several that are put back are in their order again', () => {
  const line = lineOf(...['1', '2', '3', '4'].map((name) => one('a', { name })))
  const [first, second, third] = [line.take(), line.take(), line.take()]
  for (const each of [second, first, third]) if (each) line.putBack(each)
  expect([line.take()?.name, line.take()?.name, line.take()?.name]).toEqual(['1', '2', '3'])
})

it('who rests is passed over', () => {
  const line = lineOf(one('a'), one('b'))
  line.setResting('a', true)
  expect([line.take()?.client, line.take()]).toEqual(['b', undefined])
  line.setResting('a', false)
  expect(line.take()?.client).toBe('a')
})

it('who is put back is the first of its client again, and has lost no turn', () => {
  const line = lineOf(one('a', { name: '1' }), one('a', { name: '2' }), one('b'))
  const first = line.take()
  if (first) line.putBack(first)
  expect([line.size, line.take()?.name, line.take()?.name, line.take()?.name]).toEqual([
    ...[3, '1', 'b', '2'],
  ])
})

it('whatever happens, each waits once, is out once, or has left', () => {
  const step = fc.record({
    what: fc.constantFrom('add', 'add', 'take', 'take', 'back', 'leave', 'remove', 'rest'),
    client: fc.constantFrom('a', 'b', 'c'),
    weight: fc.integer({ min: 1, max: 3 }),
    pick: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const line = new BalancedLine<One>()
      const waiting = new Set<One>()
      const out = new Set<One>()
      const resting = new Set<string>()
      const any = (set: Set<One>, pick: number) => [...set][pick % Math.max(1, set.size)]
      for (const { what, client, weight, pick } of steps) {
        const [waits, isOut] = [any(waiting, pick), any(out, pick)]
        if (what === 'add') {
          const added = one(client, { weight, maxOut: 2 })
          line.add(added)
          waiting.add(added)
        } else if (what === 'take') {
          const taken = line.take()
          const countOut = (name: string) => [...out].filter((each) => each.client === name).length
          const mayCome = [...waiting].filter(
            (each) => !resting.has(each.client) && countOut(each.client) < 2,
          )
          expect(taken === undefined).toBe(mayCome.length === 0)
          if (!taken) continue
          expect(mayCome).toContain(taken)
          waiting.delete(taken)
          out.add(taken)
        } else if (what === 'back' && isOut) {
          line.putBack(isOut)
          out.delete(isOut)
          waiting.add(isOut)
        } else if (what === 'leave' && isOut) {
          line.leave(isOut)
          out.delete(isOut)
        } else if (what === 'remove' && waits) {
          expect(line.remove(waits)).toBe(true)
          expect(line.remove(waits)).toBe(false)
          waiting.delete(waits)
        } else if (what === 'rest') {
          const isKnown = [...waiting, ...out].some((each) => each.client === client)
          line.setResting(client, pick % 2 === 0)
          if (isKnown && pick % 2 === 0) resting.add(client)
          else resting.delete(client)
        }
        for (const name of resting) {
          // A client that nobody knows any more has nothing to rest from.
          if (![...waiting, ...out].some((each) => each.client === name)) resting.delete(name)
        }
        expect(line.size).toBe(waiting.size)
        expect(new Set(line)).toEqual(waiting)
      }
    }),
  )
})
