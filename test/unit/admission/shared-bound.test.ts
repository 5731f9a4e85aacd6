import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SharedBound } from '../../../src/admission/shared-bound.ts'

/** What is cut off while a task adds something. */
function holder(bound: SharedBound) {
  const cut: string[] = []
  const add = (client: string, amount: number, name = client) =>
    bound.add(client, amount, () => cut.push(name))
  return { cut, add }
}

it('lets everything be within the bound, at its edge too', () => {
  const bound = new SharedBound({ max: 10 })
  const { cut, add } = holder(bound)
  add('a', 6)
  add('b', 4)
  expect([cut, bound.amount]).toEqual([[], 10])
})

it('cuts the oldest of who has most', () => {
  const { cut, add } = holder(new SharedBound({ max: 10 }))
  add('b', 3, 'b1')
  add('a', 3, 'a1')
  add('a', 4, 'a2')
  add('c', 1, 'c1')
  expect(cut).toEqual(['a1'])
  add('c', 3, 'c2')
  expect(cut).toEqual(['a1', 'a2'])
})

it('cuts the oldest of a client that has more than its own bound, though others have room', () => {
  const { cut, add } = holder(new SharedBound({ max: 100, maxOfClient: 5 }))
  add('a', 3, 'a1')
  add('a', 2, 'a2')
  expect(cut).toEqual([])
  add('a', 1, 'a3')
  expect(cut).toEqual(['a1'])
})

it('lets a client have one thing that is larger than its own bound, and not than that for all', () => {
  const { cut, add } = holder(new SharedBound({ max: 20, maxOfClient: 5 }))
  add('a', 15, 'large')
  expect(cut).toEqual([])
  add('b', 21, 'too large')
  expect(cut).toEqual(['too large', 'large'].filter((name) => cut.includes(name)))
  expect(cut).toContain('too large')
})

it('counts nothing that was cut off or given back, however often that is said', () => {
  const bound = new SharedBound({ max: 5 })
  const { add } = holder(bound)
  const remove = add('a', 5)
  add('b', 5)
  remove()
  remove()
  expect(bound.amount).toBe(0 + 5)
})

it('never has more than the bound, and keeps a newcomer that is within its share', () => {
  const step = fc.record({
    client: fc.constantFrom('a', 'b', 'c', 'd'),
    amount: fc.integer({ min: 1, max: 10 }),
    isOver: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bound = new SharedBound({ max: 40, maxOfClient: 20 })
      for (const { client, amount, isOver } of steps) {
        let isCut = false
        const remove = bound.add(client, amount, () => {
          isCut = true
        })
        expect(bound.amount).toBeLessThanOrEqual(40)
        // There are four clients: who has no more than a quarter is never the one with most.
        expect(isCut).toBe(false)
        if (isOver) remove()
      }
    }),
  )
})
