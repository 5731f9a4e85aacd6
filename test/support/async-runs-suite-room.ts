// How much of the line and of the memory one client may have: the part of the suite that is about that.

import { describe, expect, it } from 'vitest'
import { forgotten, newRun, newRuns, runIn, startedRun, type Tested } from './async-runs-harness.ts'
import type { Begin } from './async-runs-suite.ts'

const OTHER = { client: '203.0.113.8' }
/** A program of so many bytes. */
const large = (bytes: number) => ({ code: `#${'x'.repeat(bytes)}` })

/** Submits such runs of one client until they are refused; those that were not. */
async function submitted({ runs }: Tested, given: Parameters<typeof newRun>[0]): Promise<string[]> {
  const ids: string[] = []
  for (;;) {
    const run = newRun(given)
    const refusal = await runs.submit([run]).catch((error: unknown) => error)
    if (refusal instanceof Error) {
      expect(refusal).toMatchObject({ code: 'busy' })
      return ids
    }
    ids.push(run.id)
    if (ids.length > 100) throw new Error('it is never refused')
  }
}

/** Lets a run of a client end with so much output. */
async function ended(made: Tested, client: string, outputBytes: number): Promise<string> {
  const { id, control } = await startedRun(made, newRun({ client }))
  control.finish({ output: 'x'.repeat(outputBytes) })
  await runIn(made.runs, id, 'finished')
  return id
}

export function asyncRunsRoomSuite(begin: Begin): void {
  describe('one client', () => {
    it('does not fill the line: another one finds a place', async () => {
      const made = await begin({ maxQueued: 20 })
      await startedRun(made)
      expect(await submitted(made, {})).toHaveLength(18)
      await made.runs.submit([newRun(OTHER)])
    })

    it('does not fill the line with one batch', async () => {
      const { runs } = await begin({ maxQueued: 20 })
      await expect(runs.submit(newRuns(20))).rejects.toMatchObject({ code: 'busy' })
      await runs.submit(newRuns(18))
    })

    it('does not fill the memory with what waits, and has it again when that is over', async () => {
      const made = await begin({ maxQueued: 100, programMegabytes: 4 })
      await startedRun(made, newRun(OTHER))
      const ids = await submitted(made, large(190_000))
      expect(ids.length).toBeGreaterThan(15)
      await made.runs.submit([newRun({ ...OTHER, ...large(50_000) })])
      for (const id of ids) await made.runs.cancel(id)
      expect((await submitted(made, large(190_000))).length).toBeGreaterThanOrEqual(ids.length - 1)
    })

    it('is told of what never fits, and not to try again later', async () => {
      const { runs } = await begin({ programMegabytes: 0.5 })
      const [run, half] = [newRun(large(240_000)), newRun(large(240_000))]
      await expect(runs.submit([run, half])).rejects.toMatchObject({ code: 'too_large' })
      expect(await runs.find(run.id)).toBeUndefined()
      await runs.submit([newRun(large(240_000))])
    })

    it('pushes its own oldest results out, and not those of others', async () => {
      const made = await begin({ maxMegabytes: 8 })
      const others = await ended(made, OTHER.client, 900_000)
      const own = []
      for (let i = 0; i < 6; i += 1) own.push(await ended(made, '203.0.113.7', 900_000))
      for (const id of own.slice(0, 3)) await forgotten(made.runs, id)
      for (const id of [others, ...own.slice(3)]) await runIn(made.runs, id, 'finished')
    })

    it('pushes no results out with what waits', async () => {
      const made = await begin({ maxQueued: 100, maxMegabytes: 4 })
      const others = await ended(made, OTHER.client, 900_000)
      const { id, control } = await startedRun(made, newRun(OTHER))
      await submitted(made, large(190_000))
      control.finish({ output: 'x'.repeat(900_000) })
      await runIn(made.runs, id, 'finished')
      await runIn(made.runs, others, 'finished')
    })

    it('has the programs of its ended runs not counted: nobody needs them', async () => {
      const made = await begin({ maxMegabytes: 2 })
      const ids = []
      for (let i = 0; i < 20; i += 1) {
        const run = newRun(large(200_000))
        const { control } = await startedRun(made, run)
        control.finish()
        await runIn(made.runs, run.id, 'finished')
        ids.push(run.id)
      }
      for (const id of ids) await runIn(made.runs, id, 'finished')
    })
  })
}
