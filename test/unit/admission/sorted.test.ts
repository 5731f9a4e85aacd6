// Items in order: the first and the last are at hand, whatever came and went, and however many there are.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Sorted } from '../../../src/admission/sorted.ts'

it('has the first and the last of those that are in it', () => {
  const step = fc.record({ isAdded: fc.boolean(), pick: fc.nat(), order: fc.integer() })
  fc.assert(
    fc.property(
      fc.constantFrom(0, 511, 512, 2000),
      fc.array(step, { maxLength: 100 }),
      (count, steps) => {
        const sorted = new Sorted<{ order: number }>((a, b) => a.order < b.order)
        const items = Array.from({ length: count }, (_, n) => ({ order: (n * 7919) % 2003 }))
        for (const item of items) sorted.add(item)
        for (const { isAdded, pick, order } of steps) {
          const one = items[pick % Math.max(1, items.length)]
          if (isAdded && !items.some((item) => item.order === order)) {
            const added = { order }
            items.push(added)
            sorted.add(added)
          } else if (one) {
            items.splice(items.indexOf(one), 1)
            sorted.delete(one)
            sorted.delete(one) // it is not there any more
          }
          const inOrder = items.toSorted((a, b) => a.order - b.order)
          expect([sorted.first, sorted.last]).toEqual([inOrder[0], inOrder.at(-1)])
        }
        while (sorted.first) sorted.delete(sorted.first)
        expect(sorted.last).toBeUndefined()
      },
    ),
    { numRuns: 20 },
  )
})
