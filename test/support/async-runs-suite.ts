// What everything must do that keeps asynchronous runs: one suite for all of them.

import { afterEach, describe, expect, it } from 'vitest'
import { asyncRunSchema } from '../../src/run/async-run.ts'
import { Refusal } from '../../src/run/refusal.ts'
import {
  type AsyncRunsLimits,
  forgotten,
  foundRun,
  type MakeAsyncRuns,
  newRun,
  newRuns,
  parsed,
  reader,
  runIn,
  startedRun,
  type Tested,
  tested,
} from './async-runs-harness.ts'
import { asyncRunsEventsSuite } from './async-runs-suite-events.ts'
import { asyncRunsOrderSuite } from './async-runs-suite-order.ts'
import { asyncRunsRoomSuite } from './async-runs-suite-room.ts'

/** Defines the tests, for what `make` makes. */
export function asyncRunsSuite(make: MakeAsyncRuns): void {
  let made: Tested | undefined
  afterEach(async () => {
    await made?.close()
    made = undefined
  })
  const begin = async (limits: Partial<AsyncRunsLimits> = {}) => {
    made = await tested(make, limits)
    return made
  }
  statesSuite(begin)
  submitSuite(begin)
  cancelSuite(begin)
  asyncRunsEventsSuite(begin)
  asyncRunsOrderSuite(begin)
  asyncRunsRoomSuite(begin)
}

/** Makes what is tested, for one test. */
export type Begin = (limits?: Partial<AsyncRunsLimits>) => Promise<Tested>

function statesSuite(begin: Begin): void {
  describe('a run', () => {
    it('is queued, running, finished, with its times and its result', async () => {
      const { runs, executor } = await begin()
      const run = newRun({ key: { name: 'a' }, code: 'print(1)' })
      const [submitted] = await runs.submit([run])
      expect(submitted).toMatchObject({ id: run.id, isEnded: false })
      expect(parsed(submitted)).toMatchObject({ environment: 'python', attempts: 0 })
      const control = await executor.next()
      expect(control.request).toEqual(run.request)
      expect((await runs.find(run.id))?.owner).toBe('key:a')
      expect(await foundRun(runs, run.id)).toMatchObject({
        ...{ state: 'queued', startedAt: null, endedAt: null, expiresAt: null, result: null },
      })
      control.start()
      expect(await runIn(runs, run.id, 'running')).toMatchObject({ attempts: 1, endedAt: null })
      control.finish({ output: '1' })
      const ended = await runIn(runs, run.id, 'finished')
      expect(ended).toMatchObject({
        attempts: 1,
        refusal: null,
        result: { output: '1', id: run.id },
      })
      expect(asyncRunSchema.parse(ended)).toEqual(ended)
      const times = [ended.createdAt, ended.startedAt, ended.endedAt, ended.expiresAt]
      expect(times).toEqual([...times].sort())
    })

    it('is run in the name of who asked', async () => {
      const { runs, executor } = await begin()
      await runs.submit([newRun({ key: { name: 'a', weight: 2 }, client: '198.51.100.1' })])
      const { origin } = (await executor.next()).options
      expect(origin).toMatchObject({ client: '198.51.100.1', key: { name: 'a' } })
    })

    it.each([
      ['invalid_request', new Refusal('invalid_request', 'files: too large'), 'files: too large'],
      ['internal', new Error('secret'), 'Something went wrong on our side'],
    ])('that can not be run has failed: %s', async (code, error, message) => {
      const { runs, executor } = await begin()
      const run = newRun()
      await runs.submit([run])
      const control = await executor.next()
      control.fail(error)
      expect(await runIn(runs, run.id, 'failed')).toMatchObject({
        result: null,
        refusal: { code, error: message },
      })
      expect((await reader(runs, run.id).rest()).map(({ type }) => type)).toEqual(['end'])
    })

    it('that nobody knows is not there', async () => {
      const { runs } = await begin()
      const { id } = newRun()
      expect(await runs.find(id)).toBeUndefined()
      expect(await runs.cancel(id)).toBeUndefined()
      expect(await reader(runs, id).rest()).toEqual([])
    })

    it('is forgotten when its time is over, with its events', async () => {
      const made = await begin({ resultTtlSeconds: 1 })
      const { id, control } = await startedRun(made)
      control.finish()
      const { endedAt, expiresAt } = await runIn(made.runs, id, 'finished')
      expect(Date.parse(expiresAt ?? '') - Date.parse(endedAt ?? '')).toBe(1000)
      await forgotten(made.runs, id)
      expect(await reader(made.runs, id).rest()).toEqual([])
    })
  })
}

function submitSuite(begin: Begin): void {
  describe('a batch', () => {
    it('is taken whole, in its order', async () => {
      const { runs, executor } = await begin()
      const batch = newRuns(3)
      expect((await runs.submit(batch)).map(({ id }) => id)).toEqual(batch.map(({ id }) => id))
      for (const { id } of batch) {
        const control = await executor.nextStarted()
        expect(control.options.id).toBe(id)
        control.finish()
        await runIn(runs, id, 'finished')
      }
    })

    it('is refused whole where the line has no room for all of it', async () => {
      const made = await begin({ maxQueued: 3 })
      const { runs } = made
      const { id, control } = await startedRun(made)
      const tooMany = newRuns(4)
      const refusal = await runs.submit(tooMany).catch((error: unknown) => error)
      expect(refusal).toMatchObject({ code: 'busy' })
      expect((refusal as Refusal).headers['Retry-After']).toMatch(/^[1-9]\d*$/)
      for (const { id } of tooMany) expect(await runs.find(id)).toBeUndefined()
      await runs.submit(newRuns(3))
      await expect(runs.submit([newRun()])).rejects.toMatchObject({ code: 'busy' })
      control.finish()
      await runIn(runs, id, 'finished')
      await made.executor.nextStarted()
      await runs.submit([newRun()])
    })
  })

  describe('an idempotency key', () => {
    const first = { key: 'k', digest: 'one' }

    it('gives the same runs for the same post, however often and however far they are', async () => {
      const made = await begin()
      const batch = newRuns(2)
      await made.runs.submit(batch, first)
      const ids = async () => (await made.runs.submit(newRuns(2), first)).map(({ id }) => id)
      const expected = batch.map(({ id }) => id)
      expect(await ids()).toEqual(expected)
      for (const { id } of batch) {
        const control = await made.executor.nextStarted()
        control.finish()
        await runIn(made.runs, id, 'finished')
      }
      expect(await ids()).toEqual(expected)
      expect(made.executor.given).toHaveLength(2)
    })

    it('is for one post, also where it comes twice at once', async () => {
      const { runs } = await begin()
      const answers = await Promise.all([
        runs.submit([newRun()], first),
        runs.submit([newRun()], first),
      ])
      expect(answers[0]?.[0]?.id).toBe(answers[1]?.[0]?.id)
    })

    it('is refused with another post, and is each client’s own', async () => {
      const { runs } = await begin()
      await runs.submit([newRun({ client: 'a' })], first)
      const other = { key: 'k', digest: 'two' }
      await expect(runs.submit([newRun({ client: 'a' })], other)).rejects.toMatchObject({
        code: 'conflict',
      })
      const mine = newRun({ client: 'b' })
      expect(await runs.submit([mine], other)).toMatchObject([{ id: mine.id }])
    })

    it('of a post that was refused is free', async () => {
      const made = await begin({ maxQueued: 1 })
      const { control } = await startedRun(made)
      await expect(made.runs.submit(newRuns(2), first)).rejects.toMatchObject({ code: 'busy' })
      const run = newRun()
      expect(await made.runs.submit([run], first)).toMatchObject([{ id: run.id }])
      control.finish()
    })
  })
}

function cancelSuite(begin: Begin): void {
  describe('cancelling', () => {
    it('ends a run that waits: it never runs', async () => {
      const made = await begin()
      const { runs, executor } = made
      const { control } = await startedRun(made)
      const [waiting, next] = [newRun(), newRun()]
      await runs.submit([waiting])
      await runs.submit([next])
      await runs.cancel(waiting.id)
      expect(await runIn(runs, waiting.id, 'cancelled')).toMatchObject({
        ...{ startedAt: null, attempts: 0, result: null, refusal: { code: 'cancelled' } },
      })
      control.finish()
      expect((await executor.next()).options.id).toBe(next.id)
    })

    it('ends a run that goes on, and its place is free', async () => {
      const made = await begin()
      const { id, control } = await startedRun(made)
      await made.runs.cancel(id)
      const ended = await runIn(made.runs, id, 'cancelled')
      expect(ended).toMatchObject({ attempts: 1, result: null, refusal: { code: 'cancelled' } })
      expect(ended.endedAt).not.toBeNull()
      await startedRun(made)
      expect(control.options.signal.aborted).toBe(true)
      const events = await reader(made.runs, id).rest()
      expect(events.at(-1)).toMatchObject({ type: 'end', data: { state: 'cancelled' } })
    })

    it('changes nothing of a run that has ended', async () => {
      const made = await begin()
      const { id, control } = await startedRun(made)
      control.finish()
      const ended = await runIn(made.runs, id, 'finished')
      expect(parsed(await made.runs.cancel(id))).toEqual(ended)
      expect(await runIn(made.runs, id, 'finished')).toEqual(ended)
    })
  })
}
