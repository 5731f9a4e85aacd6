// GET /runs/{id}/events: what a stream is made of, where it begins, and readers that are slow or gone.

import { setMaxListeners } from 'node:events'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { SharedBound } from '../../../src/admission/shared-bound.ts'
import { asyncRunEvents } from '../../../src/streams/async-run-events.ts'
import { newRun } from '../../support/async-runs-harness.ts'
import { asyncApp, shownRun, submitted } from '../support/async-runs.ts'
import { eventReader, parseEvents } from '../support/events.ts'

/** An app with a run that has started. */
async function begun() {
  const made = asyncApp()
  const { id } = await submitted(made.app)
  const run = await made.control.nextStarted()
  const open = (headers: Record<string, string> = {}, signal?: AbortSignal) =>
    made.app.request(
      new Request(`http://localhost/runs/${id}/events`, { headers, ...(signal && { signal }) }),
    )
  return { ...made, id, run, open }
}

/** The same, ended: it has printed two lines. */
async function ended() {
  const made = await begun()
  made.run.write('stdout', 'one\n')
  made.run.write('stderr', 'two\n')
  made.run.finish({ output: 'one', stderr: 'two\n' })
  const shown = await shownRun(made.app, made.id, 'finished')
  return { ...made, shown }
}

describe('a stream', () => {
  it('has everything that happened, with ids, and ends with the run', async () => {
    const { open, shown } = await ended()
    const answer = await open()
    expect(answer.status).toBe(200)
    expect(answer.headers.get('Content-Type')).toBe('text/event-stream')
    expect(answer.headers.get('Cache-Control')).toContain('no-transform')
    expect(parseEvents(await answer.text())).toEqual([
      ['started'],
      ['start', { attempt: 1 }, '1-1'],
      ['stdout', { text: 'one\n' }, '1-2'],
      ['stderr', { text: 'two\n' }, '1-3'],
      ['end', shown, '1000000-0'],
    ])
  })

  it('goes on after the event that its reader had', async () => {
    const { open } = await ended()
    const rest = async (id: string) =>
      parseEvents(await (await open({ 'Last-Event-ID': id })).text()).map(([name]) => name)
    expect(await rest('1-2')).toEqual(['started', 'stderr', 'end'])
    expect(await rest('0-0')).toEqual(['started', 'start', 'stdout', 'stderr', 'end'])
    expect(await rest('7-0')).toEqual(['started', 'end'])
  })

  it('is none where its reader had the last event: a browser does not ask again then', async () => {
    const { open } = await ended()
    const answer = await open({ 'Last-Event-ID': '1000000-0' })
    expect([answer.status, await answer.text()]).toEqual([204, ''])
  })

  it.each(['1', '-', 'a-b', '1-2-3', '1-12345678901', '1-2 '.repeat(9), ''])(
    'is refused where the id is none: %j',
    async (id) => {
      const { open } = await begun()
      const answer = await open({ 'Last-Event-ID': id })
      expect(answer.status).toBe(400)
      expect(((await answer.json()) as { error: string }).error).toContain('Last-Event-ID: must be')
    },
  )

  it('comes as it happens, to all that read', async () => {
    const { run, open } = await begun()
    const readers = await Promise.all(
      [1, 2].map(async () => eventReader((await open()).body ?? new ReadableStream())),
    )
    for (const { next } of readers) {
      expect(await next()).toEqual(['started'])
      expect(await next()).toEqual(['start', { attempt: 1 }, '1-1'])
    }
    const nexts = readers.map(({ next }) => next())
    run.write('stdout', 'now')
    for (const next of nexts) expect(await next).toEqual(['stdout', { text: 'now' }, '1-2'])
    await readers[0]?.cancel()
    run.finish()
    expect((await readers[1]?.rest())?.map(([name]) => name)).toEqual(['end'])
  })

  it('ends when the run is cancelled, and hanging up cancels nothing', async () => {
    const { app, id, run, open } = await begun()
    const left = new AbortController()
    await open({}, left.signal)
    left.abort()
    const stream = (await open()).text()
    expect(run.options.signal.aborted).toBe(false)
    await app.request(`/runs/${id}`, { method: 'DELETE' })
    expect(await stream).toContain('"state":"cancelled"')
  })
})

describe('readers', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  /** Streams of a run that has started. */
  async function streams() {
    const { asyncRuns, control } = asyncApp()
    const run = newRun()
    await asyncRuns.submit([run])
    const given = await control.nextStarted()
    const openEvents = asyncRunEvents(asyncRuns, new SharedBound({ max: 2_100_000 }))
    const seen = { ended: 0, failed: [] as unknown[] }
    const left = new AbortController()
    setMaxListeners(0, left.signal) // one for all of them, where each request has its own
    const open = (client = 'reader') =>
      openEvents(run.id, '0-0', {
        ...{ client, signal: left.signal },
        onFailed: (error) => seen.failed.push(error),
        onStream: (ended) =>
          void ended.then(() => {
            seen.ended += 1
          }),
      })
    return { open, seen, given, left, asyncRuns }
  }

  it('hear of it every two seconds that nothing comes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { open } = await streams()
    const { next } = eventReader(open())
    await next()
    await next()
    for (let n = 0; n < 3; n += 1) {
      let seen: unknown
      void next().then((event) => {
        seen = event
      })
      await vi.advanceTimersByTimeAsync(1999)
      expect(seen).toBeUndefined()
      await vi.advanceTimersByTimeAsync(1)
      await new Promise((resolve) => setImmediate(resolve))
      expect(seen).toEqual(['heartbeat'])
    }
  })

  it('are not too many: one more of the same client pushes its first one out', async () => {
    const { open, seen, left } = await streams()
    const all = Array.from({ length: 256 }, () => open())
    expect(seen.ended).toBe(0)
    const first = all[0]?.getReader()
    open()
    await expect.poll(() => seen.ended).toBe(1)
    await expect(first?.read()).rejects.toThrow('too many streams')
    left.abort()
    await expect.poll(() => seen.ended).toBe(257)
  })

  it('are not kept out by those of another client, who loses one for each', async () => {
    const { open, seen, left } = await streams()
    for (let n = 0; n < 256; n += 1) open('greedy')
    const others = Array.from({ length: 5 }, (_, n) => open(`other ${n}`))
    await expect.poll(() => seen.ended).toBe(5)
    for (const stream of others) expect((await stream.getReader().read()).done).toBe(false)
    left.abort()
  })

  it('make room when they leave', async () => {
    const { open, seen, left } = await streams()
    const all = Array.from({ length: 256 }, () => open())
    await all[0]?.cancel()
    expect(seen.ended).toBe(1)
    open()
    await new Promise((resolve) => setImmediate(resolve))
    expect(seen.ended).toBe(1)
    left.abort()
  })

  it('that take nothing for half a minute are cut off, whatever the run does', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { open, seen } = await streams()
    const reader = open().getReader()
    await vi.advanceTimersByTimeAsync(29_999)
    expect(seen.ended).toBe(0)
    await vi.advanceTimersByTimeAsync(2)
    expect(seen.ended).toBe(1)
    await expect(reader.read()).rejects.toThrow('the client reads too slowly')
  })

  it('that read on are not', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { open, seen } = await streams()
    const { next } = eventReader(open())
    for (let n = 0; n < 5; n += 1) {
      const event = next()
      await vi.advanceTimersByTimeAsync(20_000)
      await event
    }
    expect(seen.ended).toBe(0)
  })

  it('of large ends that they do not read are cut off where they are too many, the first one first', async () => {
    const { open, seen, given, asyncRuns } = await streams()
    given.finish({ output: 'x'.repeat(1_000_000) })
    const readers = [1, 2, 3].map(() => open().getReader())
    for (const reader of readers) {
      for (let n = 0; n < 3; n += 1) await reader.read()
    }
    await expect.poll(() => seen.ended).toBe(1)
    await expect(readers[0]?.read()).rejects.toThrow('the client reads too slowly')
    expect((await readers[1]?.read())?.value?.length).toBe(65_536)
    asyncRuns.close()
  })

  it('are told by the end of their stream where events can not be read any more', async () => {
    const failing = {
      // biome-ignore lint/correctness/useYield: it fails before it has any
      async *events() {
        throw new Error('away')
      },
    }
    const failed: unknown[] = []
    const stream = asyncRunEvents(failing, new SharedBound({ max: 1000 }))('id', '0-0', {
      client: 'reader',
      signal: new AbortController().signal,
      onFailed: (error) => failed.push(error),
      onStream: () => {},
    })
    await expect(eventReader(stream).rest()).rejects.toThrow('away')
    expect(failed).toHaveLength(1)
  })
})
