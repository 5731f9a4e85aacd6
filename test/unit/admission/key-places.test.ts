// The places of one key: who gets the next one, and that none is lost whoever leaves, waits or gives up.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { KeyPlaces } from '../../../src/admission/key-places.ts'
import type { Refusal } from '../../../src/run/refusal.ts'
import { settle } from './gate-visitor.ts'

const LONG_MS = 60_000

function placesOf(max: number, maxWaitMs = LONG_MS): KeyPlaces {
  const places = new KeyPlaces({ maxWaitMs })
  places.max = max
  return places
}

/** One run, from when it asks until it ends. */
class Run {
  isInside = false
  refusal: string | undefined
  untilMs: number | undefined
  /** How often it was told that there is room. */
  told = 0
  readonly #stop = new AbortController()
  #end: (() => void) | undefined

  constructor(places: KeyPlaces, kind: 'sync' | 'async') {
    const task = (untilMs?: number) => {
      this.isInside = true
      this.untilMs = untilMs
      return new Promise<void>((resolve) => {
        this.#end = () => {
          this.isInside = false
          resolve()
        }
      })
    }
    const used =
      kind === 'sync'
        ? places.use(task, this.#stop.signal)
        : places.useNow(task, () => {
            this.told += 1
          })
    used.catch((error: Refusal) => {
      this.refusal = error.code
    })
  }

  get waits(): boolean {
    return !this.isInside && this.#end === undefined && this.refusal === undefined
  }

  end(): void {
    this.#end?.()
  }

  abort(): void {
    this.#stop.abort()
  }
}

it('a place that is free is whoever’s comes first, and no more than there are', async () => {
  const places = placesOf(2)
  const runs = (['async', 'sync', 'async'] as const).map((kind) => new Run(places, kind))
  await settle()
  expect(runs.map(({ isInside }) => isInside)).toEqual([true, true, false])
  expect(runs[2]?.refusal).toBe('rate_limited')
})

it('synchronous ones wait for asynchronous ones, go before them, and are told until when they may wait', async () => {
  const places = placesOf(1)
  const first = new Run(places, 'async')
  const waiting = new Run(places, 'sync')
  const other = new Run(places, 'async')
  await settle()
  expect([first.isInside, waiting.waits, other.refusal]).toEqual([true, true, 'rate_limited'])
  first.end()
  await settle()
  expect([waiting.isInside, other.told]).toEqual([true, 0])
  expect(waiting.untilMs).toBeGreaterThan(performance.now())
  waiting.end()
  await settle()
  expect([other.told, places.isIdle]).toEqual([1, true])
})

it('as many synchronous ones may be there as there are places', async () => {
  const places = placesOf(2)
  const runs = (['async', 'async', 'sync', 'sync', 'sync'] as const).map(
    (kind) => new Run(places, kind),
  )
  await settle()
  expect(runs.map(({ refusal }) => refusal)).toEqual([
    ...[undefined, undefined, undefined, undefined, 'rate_limited'],
  ])
  for (const run of runs) run.end()
  await settle()
  expect(runs.map(({ isInside }) => isInside)).toEqual([false, false, true, true, false])
})

it('a wait that is too long ends as busy, and one whose client hangs up as cancelled', async () => {
  const places = placesOf(2, 50)
  const held = [new Run(places, 'async'), new Run(places, 'async')]
  const [late, gone] = [new Run(places, 'sync'), new Run(places, 'sync')]
  gone.abort()
  await expect.poll(() => [late.refusal, gone.refusal]).toEqual(['busy', 'cancelled'])
  const other = new Run(places, 'async')
  for (const run of held) run.end()
  await settle()
  expect([other.told, places.isIdle]).toEqual([1, true])
})

it('more places let those in that wait, in order', async () => {
  const places = placesOf(3)
  const held = (['async', 'async', 'async'] as const).map((kind) => new Run(places, kind))
  const waiting = [new Run(places, 'sync'), new Run(places, 'sync')]
  places.max = 5
  waiting.push(new Run(places, 'sync'))
  await settle()
  expect(waiting.map(({ isInside }) => isInside)).toEqual([true, true, false])
  held[0]?.end()
  await settle()
  expect(waiting[2]?.isInside).toBe(true)
})

it('whatever happens, none is lost, and nobody waits while there is one', async () => {
  const step = fc.record({
    what: fc.constantFrom('sync', 'sync', 'async', 'end', 'end', 'abort'),
    pick: fc.nat(),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { maxLength: 40 }),
      async (max, steps) => {
        const places = placesOf(max)
        const runs: Run[] = []
        const inside = () => runs.filter(({ isInside }) => isInside)
        const waiting = () => runs.filter(({ waits }) => waits)
        for (const { what, pick } of steps) {
          if (what === 'sync' || what === 'async') {
            const isRoom = inside().length + waiting().length < max
            const run = new Run(places, what)
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
          expect(inside().length).toBeLessThanOrEqual(max)
          if (waiting().length > 0) expect(inside()).toHaveLength(max)
        }
        while (inside().length > 0) {
          for (const run of inside()) run.end()
          await settle()
        }
        expect([places.isIdle, waiting()]).toEqual([true, []])
      },
    ),
    { numRuns: 60 },
  )
})
