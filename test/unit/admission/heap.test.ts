// The heap: what comes first is first, whatever changed, in a logarithmic number of steps.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Heap } from '../../../src/admission/heap.ts'

interface Item {
  order: number
}

const step = fc.record({
  act: fc.constantFrom('add', 'add', 'change', 'delete', 'delete first'),
  pick: fc.nat(100),
  order: fc.nat(20),
})

it('has the first of those that are in it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const heap = new Heap<Item>((a, b) => a.order < b.order)
      const items: Item[] = []
      for (const { act, pick, order } of steps) {
        const one = act === 'delete first' ? heap.first : items[pick % Math.max(1, items.length)]
        if (act === 'add') {
          const item = { order }
          items.push(item)
          heap.put(item)
        } else if (one && act === 'change') {
          one.order = order
          heap.put(one)
        } else if (one) {
          items.splice(items.indexOf(one), 1)
          heap.delete(one)
          heap.delete(one) // it is not there any more
        }
        expect(heap.size).toBe(items.length)
        const least = items.length > 0 ? Math.min(...items.map((item) => item.order)) : undefined
        expect(heap.first?.order).toBe(least)
      }
    }),
  )
})

it('compares few of many', () => {
  let comparisons = 0
  const heap = new Heap<Item>((a, b) => {
    comparisons += 1
    return a.order < b.order
  })
  const items = Array.from({ length: 10_000 }, (_, i) => ({ order: (i * 7919) % 10_007 }))
  const most = { put: 0, delete: 0 }
  const count = (act: 'put' | 'delete', item: Item) => {
    comparisons = 0
    heap[act](item)
    most[act] = Math.max(most[act], comparisons)
  }
  for (const item of items) count('put', item)
  for (const item of items) count('delete', item)
  // Two for each of 14 levels, and one that ends it.
  expect(most.put).toBeLessThan(32)
  expect(most.delete).toBeLessThan(32)
})
