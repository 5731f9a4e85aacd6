// The gate against a model of it, over random histories: never more inside than allowed, and nobody lost.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Gate } from '../../../src/admission/gate.ts'
import type { Client } from '../../../src/run/record.ts'
import { enter, settle } from './gate-visitor.ts'
import { LineModel } from './line-model.ts'

const LONG_MS = 60_000
const FULL = 'Refusal: The queue is full; try again later'
const DISPLACED =
  'Refusal: The queue is full, and clients with fewer runs in it go first; try again later'

type Visitor = ReturnType<typeof enter>
type Step = {
  act: 'enter' | 'finish' | 'fail' | 'abort'
  pick: number
  pause: number
  client: Client | undefined
}

const history = fc.array(
  fc.record<Step>({
    act: fc.constantFrom('enter', 'enter', 'finish', 'fail', 'abort'),
    pick: fc.nat(1000),
    pause: fc.nat(4),
    client: fc.constantFrom(
      undefined,
      ...[1, 1, 2, 3].map((weight, index) => ({ name: `client ${index}`, weight })),
    ),
  }),
  { maxLength: 60 },
)
const size = fc.record({
  maxRunning: fc.integer({ min: 1, max: 3 }),
  maxWaiting: fc.integer({ min: 0, max: 6 }),
})

/** Does one step with one of these visitors; true where there was one. */
function act(step: Step, one: Visitor | undefined): boolean {
  if (!one) return false
  if (step.act === 'finish') one.finish()
  else if (step.act === 'fail') one.fail(new Error('failed'))
  else one.abort(new Error('aborted'))
  return true
}

it.each([
  ['of one client', (_: Step) => undefined],
  ['of several clients', (step: Step) => step.client],
])('does what lists would do, %s', async (_, clientOf) => {
  await fc.assert(
    fc.asyncProperty(size, history, async (limits, steps) => {
      const gate = new Gate({ ...limits, maxWaitMs: LONG_MS })
      const inside: Visitor[] = []
      const line = new LineModel<Visitor>()
      const expected = new Map<Visitor, string>()
      const isFull = () => inside.length >= limits.maxRunning
      const admit = () => {
        const next = isFull() ? undefined : line.shift()
        if (next) inside.push(next)
      }
      const add = (one: Visitor, client: Client | undefined) => {
        if (!isFull()) {
          line.forget()
          inside.push(one)
          return
        }
        line.add(one, client)
        const refused = line.size > limits.maxWaiting ? line.pop() : undefined
        if (refused === one) expected.set(one, FULL)
        else if (refused) expected.set(refused, DISPLACED)
      }
      for (const step of steps) {
        if (step.act === 'enter') {
          const client = clientOf(step)
          add(enter(gate, client), client)
        } else {
          const list = step.act === 'abort' ? line.visitors : inside
          const one = list[step.pick % Math.max(1, list.length)]
          if (one && act(step, one)) {
            const results = {
              finish: 'done',
              fail: 'Error: failed',
              abort: 'Refusal: The client hung up',
            }
            expected.set(one, results[step.act])
            if (step.act === 'abort') line.delete(one)
            else inside.splice(inside.indexOf(one), 1)
            admit()
          }
        }
        await settle()
        expect([gate.running, gate.waiting]).toEqual([inside.length, line.size])
        expect(inside.every((one) => one.inside && one.entered === 1)).toBe(true)
        expect(line.visitors.every((one) => one.entered === 0)).toBe(true)
        for (const [one, result] of expected) expect(one.result).toBe(result)
      }
      for (const one of [...inside, ...line.visitors]) one.finish()
    }),
  )
})

it('never lets more in than allowed and loses nobody, however closely things happen', async () => {
  await fc.assert(
    fc.asyncProperty(size, history, async (limits, steps) => {
      const gate = new Gate({ ...limits, maxWaitMs: LONG_MS })
      const visitors: Visitor[] = []
      const crowd = () => visitors.filter((one) => one.inside).length
      for (const step of steps) {
        if (step.act === 'enter') visitors.push(enter(gate, step.client))
        else act(step, visitors[step.pick % Math.max(1, visitors.length)])
        for (let i = 0; i < step.pause; i += 1) await null
        expect(crowd()).toBeLessThanOrEqual(limits.maxRunning)
        expect(gate.running).toBeLessThanOrEqual(limits.maxRunning)
        expect(gate.waiting).toBeLessThanOrEqual(limits.maxWaiting)
      }
      for (const one of visitors) one.finish()
      await settle()
      expect(visitors.filter((one) => one.result === undefined)).toEqual([])
      expect(visitors.filter((one) => one.entered > 1)).toEqual([])
      expect([gate.running, gate.waiting]).toEqual([0, 0])
    }),
  )
})
