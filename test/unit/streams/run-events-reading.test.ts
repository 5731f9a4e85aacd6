// Events and their readers: one that waits, one that is slow, one that is gone.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SharedBound } from '../../../src/admission/shared-bound.ts'
import { ownRequest } from '../../../src/run/request.ts'
import { runEvents } from '../../../src/streams/run-events.ts'
import { outcome, TestExecutor } from '../support/app.ts'
import { eventReader } from '../support/events.ts'
import { HeldRun } from '../support/held-run.ts'

const REQUEST = ownRequest({ code: 'x', environment: 'python', timeoutSeconds: 1 })

/** One event `result`, in bytes. */
const RESULT_BYTES = Buffer.byteLength(`event: result\ndata: ${JSON.stringify(outcome())}\n\n`)

let executor: TestExecutor
let unread: SharedBound
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  executor = new TestExecutor()
  unread = new SharedBound({ max: 16 * RESULT_BYTES })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A run that has started, with the reader of its events. */
async function started() {
  const run = new HeldRun()
  executor.answer = run.answer
  const ended = vi.fn()
  const stream = runEvents(REQUEST, {
    executor,
    unread,
    signal: new AbortController().signal,
    describeError: () => ({}),
    onStream: (end) => void end.then(ended),
  })
  await run.asked
  run.start()
  return { run, ended, ...eventReader(await stream) }
}

/** Lets everything go on that waits for no timer. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

const RESULT = ['result', outcome()]

describe('a reader that waits', () => {
  it('hears of it every two seconds that nothing comes', async () => {
    const { run, next, rest } = await started()
    await next()
    for (let i = 0; i < 3; i += 1) {
      let event: unknown
      void next().then((it) => {
        event = it
      })
      await vi.advanceTimersByTimeAsync(1999)
      expect(event).toBeUndefined()
      await vi.advanceTimersByTimeAsync(1)
      await settle()
      expect(event).toEqual(['heartbeat'])
    }
    run.end(outcome())
    expect(await rest()).toEqual([RESULT])
  })

  it('hears of nothing else where output comes', async () => {
    const { run, next, rest } = await started()
    await next()
    for (let i = 0; i < 3; i += 1) {
      const event = next()
      await vi.advanceTimersByTimeAsync(1500)
      run.write('stdout', 'x')
      expect(await event).toEqual(['stdout', { text: 'x' }])
    }
    run.end(outcome())
    expect(await rest()).toEqual([RESULT])
  })

  it('gets its result although many runs end before and after it', async () => {
    const runs = await Promise.all(Array.from({ length: 40 }, () => started()))
    const results = runs.map(({ rest }) => rest())
    await settle()
    for (const { run } of runs) {
      run.end(outcome())
      await settle()
    }
    for (const events of await Promise.all(results)) expect(events.at(-1)).toEqual(RESULT)
  })

  it('leaves no timer behind', async () => {
    const { run, rest } = await started()
    const events = rest()
    await settle()
    run.write('stdout', 'x')
    run.end(outcome())
    await events
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a slow reader', () => {
  it('finds one heartbeat at most, however late it comes', async () => {
    const { run, rest } = await started()
    await vi.advanceTimersByTimeAsync(60_000)
    run.write('stdout', 'x')
    run.end(outcome())
    const events = await rest()
    expect(events.filter(([event]) => event === 'heartbeat').length).toBeLessThanOrEqual(1)
    expect(events.slice(-2)).toEqual([['stdout', { text: 'x' }], RESULT])
  })

  it('holds the end of its run up for no time', async () => {
    const { run, ended } = await started()
    run.write('stdout', 'x')
    run.end(outcome())
    await settle()
    expect(ended).toHaveBeenCalled()
  })

  it('is waited for while the program runs', async () => {
    const { run, rest } = await started()
    run.write('stdout', 'x')
    await vi.advanceTimersByTimeAsync(24 * 3600 * 1000)
    run.end(outcome())
    expect((await rest()).slice(-1)).toEqual([RESULT])
  })

  it('may take 30 seconds from the end of the run, and not more', async () => {
    const [inTime, tooLate] = [await started(), await started()]
    for (const { run } of [inTime, tooLate]) {
      run.write('stdout', 'x')
      run.end(outcome())
    }
    await vi.advanceTimersByTimeAsync(29_999)
    expect(await inTime.rest()).toEqual([['started'], ['stdout', { text: 'x' }], RESULT])
    await vi.advanceTimersByTimeAsync(1)
    await expect(tooLate.rest()).rejects.toThrow('the client reads too slowly')
    expect(tooLate.run.signal?.aborted).toBe(false)
  })
})

describe('runs that ended and were not read', () => {
  /** Runs that have ended one after the other. */
  async function ended(count: number) {
    const runs = []
    for (let i = 0; i < count; i += 1) {
      const it = await started()
      it.run.write('stdout', `${i}`)
      it.run.end(outcome())
      await settle()
      runs.push(it)
    }
    return runs
  }

  it('may be so many bytes, here of 16 results; with one more, the one that ended first is cut off', async () => {
    const [first, ...others] = await ended(17)
    await expect(first?.rest()).rejects.toThrow('the client reads too slowly')
    for (const { rest } of others) expect((await rest()).at(-1)).toEqual(RESULT)
  })

  it('are counted by their ends, not by their starts', async () => {
    const early = await started()
    const [first, ...others] = await ended(16)
    early.run.end(outcome())
    await settle()
    await expect(first?.rest()).rejects.toThrow('the client reads too slowly')
    for (const { rest } of [early, ...others]) expect((await rest()).at(-1)).toEqual(RESULT)
  })

  it('do not count when they are read, and not when their reader is gone', async () => {
    const [first, ...others] = await ended(16)
    for (const { rest } of others.slice(0, 8)) await rest()
    for (const { cancel } of others.slice(8)) await cancel()
    await ended(15)
    expect((await first?.rest())?.at(-1)).toEqual(RESULT)
  })

  it('leave no timer behind when they are cut off, read, or left', async () => {
    const [first, second, ...others] = await ended(17)
    await expect(first?.rest()).rejects.toThrow()
    await second?.cancel()
    for (const { rest } of others) await rest()
    expect(vi.getTimerCount()).toBe(0)
  })
})
