// The gate with both kinds of runs, of clients with bounds of their own: who gets the next place, and that none is lost.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Gate } from '../../../src/admission/gate.ts'
import type { Refusal } from '../../../src/run/refusal.ts'
import { settle } from './gate-visitor.ts'

const LONG_MS = 60_000

function gateFor(maxRunning: number, maxWaitMs = LONG_MS): Gate {
  return new Gate({ maxRunning, maxWaiting: 100, maxWaitMs })
}

interface Given {
  name?: string
  max?: number | undefined
}

/** One run, from when it asks until it ends. */
class Run {
  isInside = false
  hasEnded = false
  refusal: string | undefined
  readonly client: string
  readonly #stop = new AbortController()
  #end = () => {}

  constructor(gate: Gate, kind: 'sync' | 'async', { name = 'a', max }: Given = {}) {
    this.client = name
    const task = () => {
      this.isInside = true
      return new Promise<void>((resolve) => {
        this.#end = () => {
          this.isInside = false
          this.hasEnded = true
          resolve()
        }
      })
    }
    const turn = { kind, maxConcurrent: max }
    gate.use(task, this.#stop.signal, { name, weight: 1 }, turn).catch((error: Refusal) => {
      this.refusal = error.code
    })
  }

  get waits(): boolean {
    return !this.isInside && !this.hasEnded && this.refusal === undefined
  }

  end(): void {
    this.#end()
  }

  abort(): void {
    this.#stop.abort()
  }
}

/** What has become of runs: in, waiting, or refused. */
async function states(...runs: Run[]): Promise<string> {
  await settle()
  return runs.map(({ isInside, refusal }) => (isInside ? 'in' : (refusal ?? 'waits'))).join(' ')
}

it('a place that is free is whoever’s comes first; an asynchronous one does not wait for one', async () => {
  const gate = gateFor(2)
  const runs = (['async', 'sync', 'async'] as const).map((kind) => new Run(gate, kind))
  expect(await states(...runs)).toBe('in in busy')
  expect([gate.running, gate.free]).toEqual([2, 0])
})

it('synchronous ones wait for asynchronous ones, and there is room for these when none waits any more', async () => {
  const gate = gateFor(1)
  let told = 0
  const first = new Run(gate, 'async')
  const waiting = new Run(gate, 'sync', { name: 'b' })
  gate.onRoom = () => {
    told += 1
    return false
  }
  expect(await states(first, waiting, new Run(gate, 'async', { name: 'c' }))).toBe('in waits busy')
  first.end()
  expect([await states(waiting), told]).toEqual(['in', 0])
  waiting.end()
  await settle()
  expect([told, gate.running, gate.free]).toEqual([1, 0, 1])
})

it('every fourth place is for asynchronous ones where both wait, and is kept until one comes', async () => {
  const gate = gateFor(1)
  let waitingAsync = 2
  const asyncRuns: Run[] = []
  // As from a line of its own, a little later.
  gate.onRoom = () => {
    if (waitingAsync === 0) return false
    waitingAsync -= 1
    setImmediate(() => asyncRuns.push(new Run(gate, 'async', { name: 'b' })))
    return true
  }
  const first = new Run(gate, 'sync')
  const waiting = Array.from({ length: 7 }, () => new Run(gate, 'sync'))
  const order: string[] = []
  await settle()
  let inside: Run | undefined = first
  while (inside) {
    order.push(inside.client)
    inside.end()
    await settle()
    await settle()
    inside = [...waiting, ...asyncRuns].find(({ isInside }) => isInside)
  }
  expect(order.join('')).toBe('aaaabaaaba')
})

it('a place that is kept for one that does not come goes to whoever waits', async () => {
  const gate = gateFor(1)
  gate.onRoom = () => true
  const first = new Run(gate, 'sync')
  const waiting = Array.from({ length: 4 }, () => new Run(gate, 'sync'))
  await settle()
  for (const run of [first, ...waiting.slice(0, 3)]) {
    run.end()
    await settle()
  }
  expect(await states(...waiting.slice(3))).toBe('waits')
  await expect.poll(() => waiting[3]?.isInside, { timeout: 5000 }).toBe(true)
})

it('those of a client are bounded together, and others have the places meanwhile', async () => {
  const gate = gateFor(3)
  const narrow = { name: 'narrow', max: 1 }
  const first = new Run(gate, 'async', narrow)
  const waiting = new Run(gate, 'sync', narrow)
  const others = [new Run(gate, 'sync'), new Run(gate, 'async')]
  expect(await states(first, waiting, new Run(gate, 'async', narrow), ...others)).toBe(
    'in waits busy in in',
  )
  expect(gate.synchronousOf('narrow')).toBe(1)
  first.end()
  expect(await states(waiting)).toBe('in')
})

it('who waits for its own client’s is passed by in the line', async () => {
  const gate = gateFor(2)
  const held = [new Run(gate, 'async', { max: 1 }), new Run(gate, 'sync', { name: 'b' })]
  const waiting = [new Run(gate, 'sync', { max: 1 }), new Run(gate, 'sync', { name: 'c' })]
  expect(await states(...held, ...waiting)).toBe('in in waits waits')
  held[1]?.end()
  expect(await states(...waiting)).toBe('waits in')
  held[0]?.end()
  expect(await states(...waiting)).toBe('in in')
})

it('as many synchronous ones of a client may be there as may be inside', async () => {
  const gate = gateFor(5)
  const kinds = ['async', 'async', 'sync', 'sync', 'sync'] as const
  const runs = kinds.map((kind) => new Run(gate, kind, { max: 2 }))
  expect(await states(...runs)).toBe('in in waits waits rate_limited')
  for (const run of runs) run.end()
  expect(await states(...runs.slice(2))).toBe('in in rate_limited')
})

it('one that waits for its own client’s needs no place in the line, and has one then', async () => {
  const gate = new Gate({ maxRunning: 5, maxWaiting: 1, maxWaitMs: LONG_MS })
  const held = [new Run(gate, 'async', { max: 1 })]
  for (let n = 0; n < 4; n += 1) held.push(new Run(gate, 'sync', { name: 'b' }))
  const waiting = [new Run(gate, 'sync', { name: 'c' }), new Run(gate, 'sync', { max: 1 })]
  expect(await states(...held, ...waiting)).toBe('in in in in in waits waits')
  held[0]?.end()
  expect(await states(...waiting)).toBe('in waits')
})

it('a wait that is too long ends as busy, and one whose client hangs up as cancelled', async () => {
  const gate = gateFor(5, 50)
  const held = [new Run(gate, 'async', { max: 2 }), new Run(gate, 'async', { max: 2 })]
  const [late, gone] = [new Run(gate, 'sync', { max: 2 }), new Run(gate, 'sync', { max: 2 })]
  let told = 0
  gate.onRoom = () => {
    told += 1
    return false
  }
  gone.abort()
  await expect.poll(() => [late.refusal, gone.refusal]).toEqual(['busy', 'cancelled'])
  // What the client reads later need not wait for them.
  expect(told).toBe(2)
  for (const run of held) run.end()
  await settle()
  expect([gate.running, gate.waiting, gate.synchronousOf('a')]).toEqual([0, 0, 0])
})

it('a larger bound lets those in that wait, in order, whoever says it', async () => {
  const gate = gateFor(9)
  const held = Array.from({ length: 3 }, () => new Run(gate, 'async', { max: 3 }))
  const waiting = [new Run(gate, 'sync', { max: 3 }), new Run(gate, 'sync', { max: 3 })]
  expect(await states(...held, ...waiting)).toBe('in in in waits waits')
  gate.setMax('a', 4)
  expect(await states(...waiting)).toBe('in waits')
  waiting.push(new Run(gate, 'sync', { max: 5 }))
  expect(await states(...waiting)).toBe('in in waits')
  held[0]?.end()
  expect(await states(...waiting)).toBe('in in in')
})

it('whatever happens, none is lost, and nobody waits while there is one for him', async () => {
  const step = fc.record({
    what: fc.constantFrom('sync', 'sync', 'async', 'end', 'end', 'abort'),
    name: fc.constantFrom('a', 'b', 'c'),
    pick: fc.nat(),
  })
  const bounds = fc.record({
    a: fc.integer({ min: 1, max: 3 }),
    b: fc.integer({ min: 1, max: 3 }),
    c: fc.constant(undefined),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      bounds,
      fc.array(step, { maxLength: 40 }),
      async (maxRunning, given, steps) => {
        const gate = gateFor(maxRunning)
        const runs: Run[] = []
        const inside = () => runs.filter(({ isInside }) => isInside)
        const waiting = () => runs.filter(({ waits }) => waits)
        const countOf = (name: string, those: Run[]) =>
          those.filter(({ client }) => client === name).length
        for (const { what, name, pick } of steps) {
          if (what === 'sync' || what === 'async') {
            const max = given[name]
            const before = countOf(name, inside()) + countOf(name, waiting())
            const isRoom = inside().length < maxRunning && before < (max ?? maxRunning)
            const run = new Run(gate, what, { name, max })
            runs.push(run)
            await settle()
            if (what === 'async' || isRoom) expect(run.isInside).toBe(isRoom)
          } else {
            const those = what === 'end' ? inside() : waiting()
            const one = those[pick % Math.max(1, those.length)]
            if (what === 'end') one?.end()
            else one?.abort()
            await settle()
          }
          expect([gate.running, gate.waiting]).toEqual([inside().length, waiting().length])
          expect(inside().length).toBeLessThanOrEqual(maxRunning)
          for (const [key, max = maxRunning] of Object.entries(given)) {
            expect(countOf(key, inside())).toBeLessThanOrEqual(max)
            if (countOf(key, waiting()) === 0 || inside().length === maxRunning) continue
            expect(countOf(key, inside())).toBe(max)
          }
        }
        while (inside().length > 0) {
          for (const run of inside()) run.end()
          await settle()
        }
        expect([gate.running, gate.waiting, waiting()]).toEqual([0, 0, []])
      },
    ),
    { numRuns: 60 },
  )
})
