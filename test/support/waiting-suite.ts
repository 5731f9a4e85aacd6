// Who may wait, and who is next: one suite for every executor with its asynchronous runs, for runs of both kinds together.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { AsyncRuns } from '../../src/async-runs/async-runs.ts'
import type { ApiKey } from '../../src/keys/api-key.ts'
import type { Executor } from '../../src/run/executor.ts'
import type { Outcome } from '../../src/run/outcome.ts'
import { cancelled } from '../../src/run/refusal.ts'
import { outcome, testKey } from '../unit/support/app.ts'
import { newRun, newRuns, runIn } from './async-runs-harness.ts'
import { ControlledExecutor, type ControlledRun } from './controlled-executor.ts'
import { eventually } from './docker.ts'

/** How long a test waits for what must not come, in milliseconds. */
const NOTHING_COMES_MS = 300
/** Longest wait for what must come, in milliseconds: far more than it takes on a busy machine. */
const PATIENCE_MS = 20_000

/** What is made for a test. */
export interface WaitingLimits {
  /** Runs that go on at once. */
  maxRunning: number
  maxQueued: number
  /** How long a synchronous run may wait. */
  maxWaitSeconds: number
  /** Of memory for runs. */
  maxMegabytes: number
}

/** Both ways to a program, over an executor that runs it. */
export interface Waiting {
  /** For synchronous runs. */
  executor: Executor
  runs: AsyncRuns
  /** Resolves when nobody is counted as waiting any more. */
  isEmpty: () => Promise<void>
  close: () => void | Promise<void>
}

export type MakeWaiting = (executor: Executor, limits: WaitingLimits) => Promise<Waiting>

/** One of both kinds of runs under test. */
interface Tested extends Waiting {
  control: ControlledExecutor
}

/** A synchronous run. */
function synchronous(
  { executor }: Tested,
  given: Parameters<typeof newRun>[0] = {},
): { id: string; abort: () => void; end: Promise<Outcome | Error> } {
  const { id, request, origin } = newRun(given)
  const { requestId, key, client } = origin
  const stop = new AbortController()
  const end = executor
    .run(request, { id, signal: stop.signal, origin: { requestId, key, client } })
    .catch((error: Error) => error)
  return { id, abort: () => stop.abort(), end }
}

/** Submits one run each until one is refused; how many were not. */
async function fill({ runs }: Tested, given: Parameters<typeof newRun>[0]): Promise<number> {
  for (let count = 0; count < 200; count += 1) {
    const refusal = await runs.submit([newRun(given)]).catch((error: unknown) => error)
    if (refusal instanceof Error) {
      expect(refusal).toMatchObject({ code: 'busy' })
      return count
    }
  }
  throw new Error('it is never refused')
}

/** Lets runs begin one after the other, each when the one before has ended; their ids. */
async function begun({ control }: Tested, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let n = 0; n < count; n += 1) {
    const run = await control.nextStarted()
    ids.push(idOf(run))
    run.finish()
  }
  return ids
}

function idOf({ options }: ControlledRun): string {
  return options.id ?? ''
}

/** Resolves when so many have been handed to the executor, and no more come. */
async function given({ control }: Tested, count: number): Promise<void> {
  await eventually(`${count} begin`, PATIENCE_MS, () => control.given.length >= count)
  await sleep(NOTHING_COMES_MS)
  expect(control.given).toHaveLength(count)
}

/** Defines the tests, for what `make` makes. */
export function waitingSuite(make: MakeWaiting): void {
  let made: Tested | undefined
  afterEach(async () => {
    await made?.close()
    made = undefined
  })
  const begin = async (limits: Partial<WaitingLimits> = {}): Promise<Tested> => {
    const control = new ControlledExecutor()
    const both = await make(control, {
      ...{ maxRunning: 1, maxQueued: 20, maxWaitSeconds: 60, maxMegabytes: 64 },
      ...limits,
    })
    made = { ...both, control }
    return made
  }
  kindsSuite(begin)
  fullLineSuite(begin)
  parkedSuite(begin)
  limitsSuite(begin)
  mixedSuite(make)
}

type Begin = (limits?: Partial<WaitingLimits>) => Promise<Tested>

function kindsSuite(begin: Begin): void {
  describe('asynchronous runs', () => {
    it('keep no synchronous one out, however many clients fill their line', async () => {
      const tested = await begin({ maxQueued: 100 })
      await tested.runs.submit([newRun()])
      const first = await tested.control.nextStarted()
      const counts: number[] = []
      for (const client of ['a', 'b', 'c']) counts.push(await fill(tested, { client }))
      expect(counts.reduce((sum, count) => sum + count)).toBe(100)
      const { id, end } = synchronous(tested, { client: 'd' })
      first.finish()
      // In its turn with the others.
      expect(await begun(tested, 6)).toContain(id)
      expect(await end).toMatchObject({ id, status: 'ok' })
    })

    it('keep no synchronous one out by what they take in memory', async () => {
      const tested = await begin({ maxQueued: 1000, maxMegabytes: 2 })
      await tested.runs.submit([newRun()])
      const first = await tested.control.nextStarted()
      const code = `#${'x'.repeat(100_000)}`
      for (const client of ['a', 'b', 'c']) await fill(tested, { client, code })
      const { id, end } = synchronous(tested, { client: 'd', code })
      first.finish()
      expect(await begun(tested, 6)).toContain(id)
      expect(await end).toMatchObject({ id, status: 'ok' })
    })

    it('are not kept out by synchronous ones', async () => {
      const tested = await begin({ maxQueued: 10 })
      const ends = Array.from({ length: 9 }, () => synchronous(tested, { client: 'a' }).end)
      await tested.control.nextStarted()
      const mine = newRuns(9, { client: 'b' })
      await tested.runs.submit(mine)
      for (const run of tested.control.given) run.finish()
      const ids = await begun(tested, 17)
      expect(ids).toEqual(expect.arrayContaining(mine.map(({ id }) => id)))
      for (const end of await Promise.all(ends)) expect(end).toMatchObject({ status: 'ok' })
    })
  })
}

function fullLineSuite(begin: Begin): void {
  describe('a line that is full of synchronous runs', () => {
    it('has a place for a client with fewer: the newest of who has most is busy', async () => {
      const tested = await begin({ maxQueued: 20 })
      const first = synchronous(tested, { client: 'first' })
      const running = await tested.control.nextStarted()
      const refused: string[] = []
      const posted: { client: string; id: string }[] = []
      const post = (client: string) => {
        const { id, end } = synchronous(tested, { client })
        posted.push({ client, id })
        void end.then((outcome) => {
          if (!(outcome instanceof Error)) return
          expect(outcome).toMatchObject({ code: 'busy' })
          refused.push(id)
        })
        return { id, end }
      }
      const isFull = () => refused.length === posted.length - 20
      for (const client of ['a', 'b', 'c', 'd']) {
        for (let n = 0; n < 24; n += 1) post(client)
        if (client !== 'a') await eventually(`${client} has its places`, PATIENCE_MS, isFull)
      }
      const late = post('e')
      await eventually('another one is refused', PATIENCE_MS, isFull)
      expect(refused).not.toContain(late.id)
      running.finish()
      const left = posted.length - refused.length
      const served = await begun(tested, left)
      expect(served).toContain(late.id)
      expect([await first.end, await late.end]).toMatchObject([{ status: 'ok' }, { status: 'ok' }])
      // Nobody has to leave for one that has as many.
      for (const client of ['a', 'b', 'c', 'd']) {
        const theirs = posted.filter((one) => one.client === client && served.includes(one.id))
        expect(theirs.length, client).toBeGreaterThan(0)
      }
    })
  })
}

const narrow = (maxConcurrent: number | undefined, name = 'narrow') => ({
  key: { name, ...(maxConcurrent !== undefined && { maxConcurrent }) },
})

function parkedSuite(begin: Begin): void {
  describe('runs that their key’s own bound keeps waiting', () => {
    it('take no place of others', async () => {
      const tested = await begin({ maxRunning: 2 })
      for (const name of ['a', 'b', 'c', 'd']) {
        expect(await fill(tested, narrow(1, name)), name).toBeGreaterThanOrEqual(18)
      }
      const { id } = newRun()
      await tested.runs.submit([{ ...newRun({ client: 'other' }), id }])
      await tested.runs.submit(newRuns(10, { client: 'other' }))
    })

    it('are bounded all the same', async () => {
      const tested = await begin({ maxRunning: 2 })
      expect(await fill(tested, narrow(1))).toBeLessThanOrEqual(21)
      await expect(tested.runs.submit(newRuns(2, narrow(1)))).rejects.toMatchObject({
        code: 'busy',
      })
    })

    it('do not refuse a synchronous one of the key: it is the next', async () => {
      const tested = await begin({ maxRunning: 3 })
      const batch = newRuns(4, narrow(1))
      await tested.runs.submit(batch)
      const first = await tested.control.nextStarted()
      const { id, end } = synchronous(tested, narrow(1))
      await given(tested, 1)
      first.finish()
      expect(await begun(tested, 4)).toEqual([id, ...batch.slice(1).map((run) => run.id)])
      expect(await end).toMatchObject({ id, status: 'ok' })
      expect(idOf(first)).toBe(batch[0]?.id)
    })

    it('leave a synchronous one the place that the key has free', async () => {
      const tested = await begin({ maxRunning: 3 })
      await tested.runs.submit(newRuns(1, narrow(2)))
      await tested.control.nextStarted()
      const { id } = synchronous(tested, narrow(2))
      expect(idOf(await tested.control.nextStarted())).toBe(id)
      await tested.runs.submit(newRuns(2, narrow(2)))
      await given(tested, 2)
    })

    it('are not passed by for ever, however many synchronous ones come', async () => {
      const tested = await begin({ maxRunning: 3 })
      await tested.runs.submit(newRuns(3, narrow(1)))
      let [isOver, answered] = [false, 0]
      const client = (async () => {
        for (; !isOver; answered += 1) {
          const end = await synchronous(tested, narrow(1)).end
          expect(end).toMatchObject({ status: 'ok' })
        }
      })()
      const asynchronous: string[] = []
      for (let n = 0; asynchronous.length < 3 && n < 40; n += 1) {
        const run = await tested.control.nextStarted()
        if (await tested.runs.find(idOf(run))) {
          asynchronous.push(idOf(run))
        }
        isOver = asynchronous.length === 3
        run.finish()
      }
      expect(asynchronous).toHaveLength(3)
      if (answered === 0) (await tested.control.nextStarted()).finish()
      const rest = (async () => {
        for (;;) (await tested.control.nextStarted()).finish()
      })()
      await client
      void rest
      expect(answered).toBeGreaterThan(0)
    })
  })

  describe('a synchronous run behind its key’s asynchronous ones', () => {
    it('is refused where as many of its kind are there as the key may have', async () => {
      const tested = await begin({ maxRunning: 3 })
      await tested.runs.submit(newRuns(3, narrow(1)))
      const first = await tested.control.nextStarted()
      const { id, end } = synchronous(tested, narrow(1))
      await given(tested, 1)
      expect(await synchronous(tested, narrow(1)).end).toMatchObject({ code: 'rate_limited' })
      first.finish()
      expect(await begun(tested, 1)).toEqual([id])
      expect(await end).toMatchObject({ id })
    })

    it('waits also where as many are parked as may be', async () => {
      const tested = await begin({ maxRunning: 3, maxQueued: 20 })
      await tested.runs.submit(newRuns(1, narrow(1)))
      const first = await tested.control.nextStarted()
      let parked = 0
      for (; parked < 30; parked += 1) {
        const refused = await tested.runs.submit(newRuns(1, narrow(1))).catch((error) => error)
        if (refused instanceof Error) break
      }
      expect(parked).toBe(18)
      const { id, end } = synchronous(tested, narrow(1))
      first.finish()
      expect(await begun(tested, 1)).toEqual([id])
      expect(await end).toMatchObject({ id })
    })

    it('is busy where none of them ends in time, and is not run then', async () => {
      const tested = await begin({ maxRunning: 3, maxWaitSeconds: 1 })
      const batch = newRuns(2, narrow(1))
      await tested.runs.submit(batch)
      const first = await tested.control.nextStarted()
      expect(await synchronous(tested, narrow(1)).end).toMatchObject({ code: 'busy' })
      first.finish()
      expect(await begun(tested, 1)).toEqual([batch[1]?.id])
    })

    it('is in nobody’s way when its client has hung up', async () => {
      const tested = await begin({ maxRunning: 3 })
      const batch = newRuns(2, narrow(1))
      await tested.runs.submit(batch)
      const first = await tested.control.nextStarted()
      const { abort, end } = synchronous(tested, narrow(1))
      await given(tested, 1)
      abort()
      expect(await end).toMatchObject({ code: 'cancelled' })
      first.finish()
      expect(await begun(tested, 1)).toEqual([batch[1]?.id])
      const { id } = synchronous(tested, narrow(1))
      expect(await begun(tested, 1)).toEqual([id])
    })
  })
}

function limitsSuite(begin: Begin): void {
  describe('the bound of a key', () => {
    const key = (maxConcurrent?: number): ApiKey =>
      testKey('narrow', maxConcurrent === undefined ? {} : { maxConcurrent })

    /** Five runs of a key that may have one, of which the first has begun. */
    async function five(begin: Begin) {
      const tested = await begin({ maxRunning: 8 })
      const batch = newRuns(5, narrow(1))
      await tested.runs.submit(batch)
      const first = await tested.control.nextStarted()
      const ids = batch.map(({ id }) => id)
      expect(idOf(first)).toBe(ids[0])
      return { tested, first, ids }
    }
    const begunIds = ({ control }: Tested) => control.given.map(idOf)

    it('that has grown lets in what waits before what comes new', async () => {
      const { tested, ids } = await five(begin)
      const late = newRun(narrow(3))
      await tested.runs.submit([late])
      await given(tested, 3)
      expect(begunIds(tested).sort()).toEqual(ids.slice(0, 3).sort())
      for (const run of tested.control.given.slice(0, 3)) run.finish()
      await given(tested, 6)
      expect(begunIds(tested).sort()).toEqual([...ids, late.id].sort())
    })

    it('that has grown lets in what waits without another one that comes', async () => {
      const { tested, ids } = await five(begin)
      await tested.runs.setLimits([key(3)])
      await given(tested, 3)
      expect(begunIds(tested).sort()).toEqual(ids.slice(0, 3).sort())
      await tested.runs.setLimits([key()])
      await given(tested, 5)
    })

    it('that has grown lets a synchronous one in before all that wait', async () => {
      const { tested, ids } = await five(begin)
      const { id } = synchronous(tested, narrow(2))
      await given(tested, 2)
      expect(begunIds(tested)).toEqual([ids[0], id])
    })

    it('that is smaller now holds for what has waited', async () => {
      const tested = await begin({ maxRunning: 8 })
      const ids = newRuns(4, narrow(2))
      await tested.runs.submit(ids)
      const [first, second] = [
        await tested.control.nextStarted(),
        await tested.control.nextStarted(),
      ]
      await tested.runs.setLimits([key(1)])
      first.finish()
      await runIn(tested.runs, idOf(first), 'finished')
      await given(tested, 2)
      second.finish()
      expect((await begun(tested, 2)).sort()).toEqual(
        ids
          .slice(2)
          .map(({ id }) => id)
          .sort(),
      )
    })

    it('keeps runs in the order in which they came', async () => {
      const tested = await begin({ maxRunning: 8 })
      const ids: string[] = []
      for (let n = 0; n < 8; n += 1) {
        const run = newRun(narrow(1))
        await tested.runs.submit([run])
        ids.push(run.id)
      }
      expect(await begun(tested, 8)).toEqual(ids)
    })
  })
}

function mixedSuite(make: MakeWaiting): void {
  describe('runs of both kinds, of several keys, some of them given up', () => {
    it('all have an end, and none has more at once than its key may', async ({
      onTestFinished,
    }) => {
      const limits: Record<string, number | undefined> = { one: 1, two: 2, free: undefined }
      const running: Record<string, number> = { one: 0, two: 0, free: 0 }
      const most: Record<string, number> = { one: 0, two: 0, free: 0 }
      /** Programs that take some milliseconds, some of which stop when they are told to. */
      const programs: Executor = {
        async run(_, { id = '', origin, signal, onEvent }) {
          const name = origin?.key?.name ?? ''
          const now = (running[name] ?? 0) + 1
          running[name] = now
          most[name] = Math.max(most[name] ?? 0, now)
          onEvent?.({ type: 'started' })
          await sleep(Number.parseInt(id.slice(0, 2), 16) / 10, undefined, { signal }).catch(
            () => {},
          )
          running[name] = (running[name] ?? 0) - 1
          if (signal.aborted) throw cancelled(signal)
          return outcome({ id })
        },
      }
      const waiting = await make(programs, {
        ...{ maxRunning: 6, maxQueued: 1000, maxWaitSeconds: 60, maxMegabytes: 64 },
      })
      onTestFinished(() => waiting.close())
      const tested = { ...waiting, control: new ControlledExecutor() }
      const ends: Promise<Outcome | Error>[] = []
      const later: string[] = []
      for (let n = 0; n < 150; n += 1) {
        const [name = ''] = Object.keys(limits).slice(n % 3)
        const given = narrow(limits[name], name)
        if (n % 4 === 0) {
          const { end, abort } = synchronous(tested, given)
          if (n % 16 === 0) setTimeout(abort, n % 7)
          ends.push(end)
        } else {
          const run = newRun(given)
          await waiting.runs.submit([run])
          later.push(run.id)
          if (n % 10 === 1) await waiting.runs.cancel(run.id)
        }
      }
      for (const end of await Promise.all(ends)) {
        if (end instanceof Error) {
          expect(end).toMatchObject({ code: expect.stringMatching(/^(cancelled|rate_limited)$/) })
        } else expect(end).toMatchObject({ status: 'ok' })
      }
      for (const id of later) {
        await eventually(`${id} has ended`, PATIENCE_MS, async () => {
          const found = await waiting.runs.find(id)
          return found?.isEnded === true
        })
      }
      expect(most.one).toBe(1)
      expect(most.two).toBe(2)
      expect(most.free).toBeGreaterThan(1)
      await waiting.isEmpty()
    })
  })
}
