// The line: whose turn it is among several clients, and who has to leave a full one.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FairLine } from '../../../src/admission/fair-line.ts'
import type { Client } from '../../../src/run/record.ts'

const client = (name: string, weight = 1): Client => ({ name, weight })
const [a, b, c] = [client('a'), client('b'), client('c')]

/** Adds so many of a client's, called `a1`, `a2`, … */
function fill(line: FairLine<string>, one: Client, count: number): void {
  for (let i = 1; i <= count; i += 1) line.add(`${one.name}${i}`, one)
}

/** Whose the next turns are. */
function turns(line: FairLine<string>, count = line.size): string {
  return Array.from({ length: count }, () => line.shift()?.[0] ?? '-').join('')
}

describe('turns', () => {
  it('are in the order of coming where there is one client', () => {
    const line = new FairLine<string>()
    fill(line, a, 4)
    expect([line.shift(), line.shift()]).toEqual(['a1', 'a2'])
    line.add('a5', a)
    expect([line.shift(), line.shift(), line.shift(), line.shift()]).toEqual([
      ...['a3', 'a4', 'a5', undefined],
    ])
  })

  it('go around among clients, and within one in the order of coming', () => {
    const line = new FairLine<string>()
    fill(line, a, 3)
    fill(line, b, 2)
    fill(line, c, 1)
    const order = Array.from({ length: 6 }, () => line.shift())
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  })

  it('are many for a client with weight', () => {
    const line = new FairLine<string>()
    fill(line, client('a', 3), 60)
    fill(line, b, 60)
    fill(line, client('c', 2), 60)
    const order = turns(line, 60)
    for (const [name, expected] of [
      ['a', 30],
      ['b', 10],
      ['c', 20],
    ] as const) {
      const got = order.replaceAll(new RegExp(`[^${name}]`, 'g'), '').length
      expect(Math.abs(got - expected), order).toBeLessThanOrEqual(2)
    }
  })

  it('are of the weight that a client has now', () => {
    const line = new FairLine<string>()
    fill(line, a, 40)
    fill(line, b, 40)
    turns(line, 10)
    line.add('a41', client('a', 9))
    expect(turns(line, 20).replaceAll('b', '').length).toBeGreaterThanOrEqual(17)
  })

  it('come soon to one who comes new, however many places another one has', () => {
    const line = new FairLine<string>()
    fill(line, a, 200)
    for (let i = 0; i < 20; i += 1) {
      line.add('b', b)
      expect(turns(line, 2)).toContain('b')
    }
  })

  it('are not more for who has one place at a time, again and again', () => {
    const line = new FairLine<string>()
    fill(line, a, 100)
    let order = ''
    for (let i = 0; i < 40; i += 1) {
      if (!order.endsWith('a') || i === 0) line.add('b', b)
      order += turns(line, 1)
    }
    expect(order.replaceAll('b', '').length).toBeGreaterThanOrEqual(19)
  })

  it('come to everybody, although new clients come without end', () => {
    const line = new FairLine<string>()
    fill(line, a, 2)
    const order: string[] = []
    for (let i = 0; i < 100; i += 1) {
      line.add('new', client(`new ${i}`))
      line.add('new', client(`other new ${i}`))
      order.push(line.shift() ?? '')
      if (line.size > 10) line.delete(line.add('gives up', c))
    }
    expect(order).toContain('a1')
    expect(order).toContain('a2')
  })

  it('of our own come before all others', () => {
    const line = new FairLine<string>()
    fill(line, a, 3)
    turns(line, 1)
    line.add('own')
    line.add('own')
    fill(line, b, 1)
    expect(turns(line)).toBe('oobaa')
  })

  it('are not spent by who gives up', () => {
    const line = new FairLine<string>()
    const given = Array.from({ length: 50 }, () => line.add('a', a))
    fill(line, b, 2)
    for (const place of given) line.delete(place)
    for (const place of given) line.delete(place) // it is out already
    expect(line.size).toBe(2)
    fill(line, a, 1)
    expect(turns(line)).toBe('bab')
  })

  it('of before are forgotten where nobody had to wait', () => {
    const line = new FairLine<string>()
    fill(line, a, 1)
    turns(line)
    line.forget()
    fill(line, a, 1)
    fill(line, b, 1)
    expect(turns(line)).toBe('ab')
  })
})

describe('a full line', () => {
  it('loses the newest place of who has most, to who has fewer', () => {
    const line = new FairLine<string>()
    fill(line, a, 5)
    fill(line, b, 3)
    expect(line.displacedBy(c)).toBe('a5')
    expect(line.displacedBy(b)).toBe('a5')
    expect(line.displacedBy(a)).toBeUndefined()
  })

  it('goes by the weight', () => {
    const line = new FairLine<string>()
    fill(line, client('a', 10), 10)
    fill(line, b, 3)
    expect(line.displacedBy(c)).toBe('b3')
    expect(line.displacedBy(client('a', 10))).toBe('b3')
    expect(line.displacedBy(b)).toBeUndefined()
  })

  it('of equal clients loses nobody: the newcomer would be the last', () => {
    const line = new FairLine<string>()
    for (const one of [a, b]) fill(line, one, 1)
    expect(line.displacedBy(c)).toBeUndefined()
    for (const one of [a, b]) line.add(`${one.name}2`, one)
    expect(line.displacedBy(c)).toBe('b2') // the newest of those that are due last
    fill(line, c, 2)
    for (const one of [a, b, c]) expect(line.displacedBy(one)).toBeUndefined()
  })

  it('with a single place gives it to each in turn', () => {
    const line = new FairLine<string>()
    const served: string[] = []
    for (let i = 0; i < 10; i += 1) {
      // Both ask, the one who floods first; who is displaced is out.
      let place = line.add('a', a)
      if (line.displacedBy(b)) {
        line.delete(place)
        place = line.add('b', b)
        expect(line.displacedBy(a)).toBeUndefined()
      }
      served.push(line.shift() ?? '')
    }
    expect(served.join('')).toMatch(/^a(ba)*b?$/)
  })

  it('never loses what is our own, and makes room for it', () => {
    const line = new FairLine<string>()
    line.add('own')
    expect(line.displacedBy(a)).toBeUndefined()
    expect(line.displacedBy()).toBeUndefined()
    fill(line, a, 1)
    expect(line.displacedBy()).toBe('a1')
  })

  it('has nobody to lose where it has no room at all', () => {
    expect(new FairLine<string>().displacedBy(a)).toBeUndefined()
  })
})

it('keeps what each client is due: nobody who waits is behind by more than a turn of each other one', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 5 })
  fc.assert(
    fc.property(weights, (given) => {
      const line = new FairLine<string>()
      const clients = given.map((weight, i) => client(String(i), weight))
      for (const one of clients) for (let i = 0; i < 60; i += 1) line.add(one.name, one)
      const total = given.reduce((sum, weight) => sum + weight, 0)
      const got = new Map<string, number>()
      for (let turn = 1; turn <= 60; turn += 1) {
        const name = line.shift() ?? ''
        got.set(name, (got.get(name) ?? 0) + 1)
        for (const { name, weight } of clients) {
          const share = (turn * weight) / total
          expect(Math.abs((got.get(name) ?? 0) - share)).toBeLessThanOrEqual(weight + 1)
        }
      }
    }),
  )
})

it('goes on in small steps with very many clients and places', { timeout: 30_000 }, () => {
  const line = new FairLine<string>()
  const startedAtMs = performance.now()
  for (let i = 0; i < 100_000; i += 1) line.add('one', client(`client ${i % 50_000}`))
  for (let i = 0; i < 100_000; i += 1) {
    if (line.displacedBy(client(`new ${i}`)) === undefined) line.add('one', client(`new ${i}`))
    line.shift()
  }
  // A second where this was written; were each step linear, it would take minutes.
  expect(performance.now() - startedAtMs).toBeLessThan(20_000)
})
