import { expect, it } from 'vitest'
import { RecentUse } from '../../../src/admission/recent-use.ts'

function clocked() {
  let nowMs = 0
  const use = new RecentUse(() => nowMs)
  return {
    use,
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

it('counts for half after two seconds, and for nothing after a while', () => {
  const { use, pass } = clocked()
  use.add('a')
  use.add('a')
  expect(use.of('a')).toBe(2)
  pass(2000)
  expect(use.of('a')).toBe(1)
  pass(6000)
  expect(use.of('a')).toBe(0.125)
  pass(1)
  expect(use.of('a')).toBe(0)
})

it('is each client’s own, and the most of the others is known', () => {
  const { use, pass } = clocked()
  for (let n = 0; n < 8; n += 1) use.add('a')
  pass(4000)
  use.add('b')
  expect([use.of('a'), use.of('b'), use.of('c')]).toEqual([2, 1, 0])
  expect([use.most('a'), use.most('b'), use.most('c')]).toEqual([1, 2, 2])
})

it('remembers a bounded number of clients: the latest', () => {
  const { use } = clocked()
  use.add('first')
  for (let n = 0; n < 5000; n += 1) use.add(`client ${n}`)
  expect(use.of('first')).toBe(0)
  expect(use.of('client 4999')).toBe(1)
})
