// The part of the suite of asynchronous runs that is about who is next, and who waits.

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Refusal } from '../../src/run/refusal.ts'
import { newRun, newRuns, runIn, startedRun, type Tested } from './async-runs-harness.ts'
import type { Begin } from './async-runs-suite.ts'

/** How long a test waits for what must not come, in milliseconds. */
const NOTHING_COMES_MS = 300

/** Lets runs of one place end one after the other; the names of the keys that they are of. */
async function turns({ executor }: Tested, count: number): Promise<(string | undefined)[]> {
  const names: (string | undefined)[] = []
  for (let n = 0; n < count; n += 1) {
    const run = await executor.nextStarted()
    names.push(run.options.origin?.key?.name)
    run.finish()
  }
  return names
}

/** Defines the tests. */
export function asyncRunsOrderSuite(begin: Begin): void {
  describe('the order', () => {
    it('lets one run of a client through that comes after many of another', async () => {
      const made = await begin()
      const { control } = await startedRun(made)
      await made.runs.submit(newRuns(8, { key: { name: 'many' } }))
      await made.runs.submit([newRun({ key: { name: 'one' } })])
      control.finish()
      expect(await turns(made, 2)).toContain('one')
    })

    it('gives a key of weight 3 three turns where another one gets one', async () => {
      const made = await begin()
      const { control } = await startedRun(made)
      await made.runs.submit(newRuns(8, { key: { name: 'light' } }))
      await made.runs.submit(newRuns(8, { key: { name: 'heavy', weight: 3 } }))
      control.finish()
      const heavy = (await turns(made, 8)).filter((name) => name === 'heavy')
      expect(heavy.length).toBeGreaterThanOrEqual(5)
      expect(heavy.length).toBeLessThanOrEqual(7)
    })

    it('gives the executor as many at once as it may have, and no more', async () => {
      const { runs, executor } = await begin({ maxRunning: 2 })
      await runs.submit(newRuns(3))
      const first = await executor.nextStarted()
      await executor.nextStarted()
      await sleep(NOTHING_COMES_MS)
      expect(executor.given).toHaveLength(2)
      first.finish()
      await executor.nextStarted()
    })

    it('gives it no more of a key than this one may have at once, and others meanwhile', async () => {
      const { runs, executor } = await begin({ maxRunning: 3 })
      const [first, second] = newRuns(2, { key: { name: 'narrow', maxConcurrent: 1 } })
      if (!first || !second) throw new Error('there are two')
      await runs.submit([first, second])
      const other = newRun({ key: { name: 'other' } })
      await runs.submit([other])
      const started = [await executor.nextStarted(), await executor.nextStarted()]
      expect(started.map(({ options }) => options.id).sort()).toEqual([first.id, other.id].sort())
      await sleep(NOTHING_COMES_MS)
      expect(executor.given).toHaveLength(2)
      started.find(({ options }) => options.id === first.id)?.finish()
      expect((await executor.nextStarted()).options.id).toBe(second.id)
    })
  })

  describe('a run that is refused before it starts', () => {
    it.each(['busy', 'rate_limited'] as const)(
      'because others have all places (%s) waits for another turn',
      async (code) => {
        const { runs, executor } = await begin()
        const run = newRun()
        await runs.submit([run])
        for (let n = 0; n < 3; n += 1) {
          const control = await executor.next()
          control.fail(new Refusal(code, 'full'))
        }
        const control = await executor.nextStarted()
        expect(control.options.id).toBe(run.id)
        control.finish()
        expect(await runIn(runs, run.id, 'finished')).toMatchObject({ attempts: 1 })
      },
    )
  })

  describe('a wait', () => {
    it('that is too long ends as busy, and the run never runs', async () => {
      const made = await begin({ maxQueuedSeconds: 0.5 })
      const { id, control } = await startedRun(made)
      const run = newRun()
      await made.runs.submit([run])
      expect(await runIn(made.runs, run.id, 'failed')).toMatchObject({
        ...{ startedAt: null, attempts: 0, refusal: { code: 'busy' } },
      })
      await runIn(made.runs, id, 'running')
      control.finish()
      await runIn(made.runs, id, 'finished')
      await sleep(NOTHING_COMES_MS)
      expect(made.executor.given).toHaveLength(1)
    })
  })
}
