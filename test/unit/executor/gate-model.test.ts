// The gate against a model of it, over random histories: never more inside than allowed, and nobody lost.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Gate } from '../../../src/executor/gate.ts'
import { enter, settle } from './gate-visitor.ts'

const LONG_MS = 60_000

type Visitor = ReturnType<typeof enter>
type Step = { act: 'enter' | 'finish' | 'fail' | 'abort'; pick: number; pause: number }

const history = fc.array(
  fc.record<Step>({
    act: fc.constantFrom('enter', 'enter', 'finish', 'fail', 'abort'),
    pick: fc.nat(1000),
    pause: fc.nat(4),
  }),
  { maxLength: 40 },
)
const size = fc.record({
  maxRunning: fc.integer({ min: 1, max: 3 }),
  maxWaiting: fc.integer({ min: 0, max: 4 }),
})

/** Does one step with one of these visitors; true where there was one. */
function act(step: Step, one: Visitor | undefined): boolean {
  if (!one) return false
  if (step.act === 'finish') one.finish()
  else if (step.act === 'fail') one.fail(new Error('failed'))
  else one.abort(new Error('aborted'))
  return true
}

it('does what two lists would do', async () => {
  await fc.assert(
    fc.asyncProperty(size, history, async (limits, steps) => {
      const gate = new Gate({ ...limits, maxWaitMs: LONG_MS })
      const inside: Visitor[] = []
      const waiting: Visitor[] = []
      const expected = new Map<Visitor, string>()
      const admit = () => {
        const next = inside.length < limits.maxRunning ? waiting.shift() : undefined
        if (next) inside.push(next)
      }
      for (const step of steps) {
        if (step.act === 'enter') {
          const one = enter(gate)
          if (inside.length < limits.maxRunning) inside.push(one)
          else if (waiting.length < limits.maxWaiting) waiting.push(one)
          else expected.set(one, 'Refusal: The waiting line is full; try again later')
        } else {
          const list = step.act === 'abort' ? waiting : inside
          const [one] = list.splice(step.pick % Math.max(1, list.length), 1)
          if (one && act(step, one)) {
            const results = {
              finish: 'done',
              fail: 'Error: failed',
              abort: 'Refusal: The client hung up',
            }
            expected.set(one, results[step.act])
            admit()
          }
        }
        await settle()
        expect([gate.running, gate.waiting]).toEqual([inside.length, waiting.length])
        expect(inside.every((one) => one.inside && one.entered === 1)).toBe(true)
        expect(waiting.every((one) => one.entered === 0)).toBe(true)
        for (const [one, result] of expected) expect(one.result).toBe(result)
      }
      for (const one of [...inside, ...waiting]) one.finish()
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
        if (step.act === 'enter') visitors.push(enter(gate))
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
