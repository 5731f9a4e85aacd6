// The part of the suite of asynchronous runs that is about their events.

import { describe, expect, it } from 'vitest'
import { EVENT_ID, LAST_EVENT_ID } from '../../src/async-runs/async-runs.ts'
import { newRun, reader, runIn, startedRun, textOf } from './async-runs-harness.ts'
import type { Begin } from './async-runs-suite.ts'

/** Defines the tests. */
export function asyncRunsEventsSuite(begin: Begin): void {
  describe('events', () => {
    it('come as they happen: start, output, end', async () => {
      const { runs, executor } = await begin()
      const run = newRun()
      await runs.submit([run])
      const events = reader(runs, run.id)
      const first = events.next()
      const control = await executor.nextStarted()
      expect(await first).toEqual({ id: '1-1', type: 'start', data: { attempt: 1 } })
      control.write('stdout', 'one\n')
      expect(await events.next()).toMatchObject({ type: 'stdout', data: { text: 'one\n' } })
      control.write('stderr', 'two\n')
      expect(await events.next()).toMatchObject({ type: 'stderr', data: { text: 'two\n' } })
      control.finish({ output: 'one', stderr: 'two\n' })
      const ended = await runIn(runs, run.id, 'finished')
      expect(await events.next()).toEqual({ id: LAST_EVENT_ID, type: 'end', data: ended })
      expect(await events.next()).toBeUndefined()
    })

    it('are the same for a reader who comes late, and for one who goes on from any of them', async () => {
      const made = await begin()
      const { runs } = made
      const { id, control } = await startedRun(made)
      const early = reader(runs, id)
      for (const text of ['a', 'b', 'c']) {
        control.write('stdout', text)
        control.write('stderr', text)
      }
      control.finish()
      await runIn(runs, id, 'finished')
      const all = await early.rest()
      expect([textOf(all, 'stdout'), textOf(all, 'stderr')]).toEqual(['abc', 'abc'])
      expect(await reader(runs, id).rest()).toEqual(all)
      for (const [place, event] of all.entries()) {
        expect(event.id).toMatch(EVENT_ID)
        expect(await reader(runs, id, event.id).rest()).toEqual(all.slice(place + 1))
      }
    })

    it('go on after one that a reader had while the run goes on', async () => {
      const made = await begin()
      const { id, control } = await startedRun(made)
      const first = reader(made.runs, id)
      await first.next()
      control.write('stdout', 'one')
      const { id: seen } = (await first.next()) ?? { id: '' }
      first.abort()
      const second = reader(made.runs, id, seen)
      const next = second.next()
      control.write('stdout', 'two')
      expect(await next).toMatchObject({ type: 'stdout', data: { text: 'two' } })
      control.finish()
      expect(await second.next()).toMatchObject({ type: 'end' })
    })

    it('come to all readers, whatever one of them does', async () => {
      const made = await begin()
      const { id, control } = await startedRun(made)
      const [slow, quick, gone] = [1, 2, 3].map(() => reader(made.runs, id))
      await Promise.all([slow?.next(), quick?.next(), gone?.next()])
      const waiting = gone?.next()
      gone?.abort()
      expect(await waiting).toBeUndefined()
      const text = 'x'.repeat(1000)
      for (let n = 0; n < 100; n += 1) control.write('stdout', text)
      control.finish()
      expect(textOf((await quick?.rest()) ?? [], 'stdout')).toBe(text.repeat(100))
      expect(textOf((await slow?.rest()) ?? [], 'stdout')).toBe(text.repeat(100))
    })

    it('end at once for a reader who had the last one, or whose signal has aborted', async () => {
      const made = await begin()
      const { id, control } = await startedRun(made)
      const aborted = reader(made.runs, id)
      aborted.abort()
      expect(await aborted.rest()).toEqual([])
      control.finish()
      await runIn(made.runs, id, 'finished')
      expect(await reader(made.runs, id, LAST_EVENT_ID).rest()).toEqual([])
    })

    it('have whole characters, however the bytes came', async () => {
      const made = await begin()
      const { id, control } = await startedRun(made)
      const text = 'é€𝄞\n'.repeat(20)
      for (const byte of Buffer.from(text)) {
        control.write('stdout', Uint8Array.of(byte))
        control.write('stderr', Uint8Array.of(byte))
      }
      control.write('stderr', Uint8Array.of(0xc3))
      control.finish()
      const events = await reader(made.runs, id).rest()
      expect(textOf(events, 'stdout')).toBe(text)
      expect(textOf(events, 'stderr')).toBe(`${text}\ufffd`)
    })

    it('are few however often the program writes, and each of them is bounded', async () => {
      const made = await begin()
      const { id, control } = await startedRun(made)
      for (let n = 0; n < 20_000; n += 1) control.write(n % 2 ? 'stdout' : 'stderr', 'x')
      const chunk = 'y'.repeat(10_000)
      for (let n = 0; n < 50; n += 1) control.write('stdout', chunk)
      control.finish()
      const events = await reader(made.runs, id).rest()
      expect(textOf(events, 'stdout')).toHaveLength(10_000 + 500_000)
      expect(textOf(events, 'stderr')).toHaveLength(10_000)
      expect(events.length).toBeLessThan(2000)
      for (const event of events) {
        if (event.type === 'stdout') expect(event.data.text.length).toBeLessThanOrEqual(131_072)
      }
    })
  })
}
