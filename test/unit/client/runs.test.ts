// The client of asynchronous runs, over the app itself: what it sends, and a connection that breaks.

import { describe, expect, it } from 'vitest'
import { createClient } from '../../../src/client/client.ts'
import { all } from '../../support/all.ts'
import { asyncApp } from '../support/async-runs.ts'

type Send = (url: string, init: RequestInit) => Promise<Response>

/** A client of an app; `through` stands between them. */
function appClient(through: (send: Send) => Send = (send) => send) {
  const made = asyncApp()
  const send = through(async (url, init) => made.app.request(new Request(url, init)))
  const fetch = ((url: string, init: RequestInit) => send(url, init)) as typeof globalThis.fetch
  return { ...made, client: createClient({ url: 'http://runner.example', fetch }) }
}

/** The same answer, whose connection breaks when this much was read. */
function broken(answer: Response, bytes: number): Response {
  const reader = answer.body?.getReader()
  let left = bytes
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = (await reader?.read()) ?? { done: true }
      if (done || left <= 0) {
        await reader?.cancel()
        controller.error(new TypeError('terminated'))
        return
      }
      controller.enqueue(value.subarray(0, left))
      left -= value.length
    },
  })
  return new Response(body, answer)
}

describe('a run', () => {
  it('is submitted, waited for, and has its result', async () => {
    const { client, control } = appClient()
    const run = await client.submit({ code: 'print(1)' })
    expect(run).toMatchObject({ state: 'queued' })
    const ended = client.wait(run.id)
    const given = await control.nextStarted()
    given.finish({ output: '1' })
    expect(await ended).toMatchObject({ state: 'finished', result: { output: '1' } })
    expect(await client.get(run.id)).toEqual(await ended)
  })

  it('is one of a batch, and cancelled', async () => {
    const { client } = appClient()
    const runs = await client.submitAll([{ code: '1' }, { code: '2' }])
    expect(runs).toHaveLength(2)
    expect(await client.cancel(runs[1]?.id ?? '')).toMatchObject({ state: 'cancelled' })
  })

  it('is the same for the same idempotency key', async () => {
    const { client } = appClient()
    const submit = () => client.submit({ code: '1' }, { idempotencyKey: 'k' })
    expect((await submit()).id).toBe((await submit()).id)
  })

  it('that is not there is refused at once', async () => {
    const { client } = appClient()
    const refused = { name: 'RefusedError', code: 'not_found', status: 404 }
    await expect(client.get('a/b')).rejects.toMatchObject(refused)
    await expect(client.wait('x')).rejects.toMatchObject(refused)
    await expect(all(client.events('x'))).rejects.toMatchObject(refused)
  })

  it('is waited for as long as one likes', async () => {
    const { client } = appClient()
    const { id } = await client.submit({ code: '1' })
    const signal = AbortSignal.timeout(300)
    await expect(client.wait(id, { signal })).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('is waited for although the server is away for a moment', async () => {
    let calls = 0
    const { client, control } = appClient((send) => async (url, init) => {
      calls += 1
      if (calls === 2) throw new TypeError('fetch failed')
      if (calls === 3) return new Response('<html>', { status: 502 })
      return send(url, init)
    })
    const { id } = await client.submit({ code: '1' })
    const given = await control.nextStarted()
    given.finish()
    expect(await client.wait(id)).toMatchObject({ state: 'finished' })
    expect(calls).toBe(4)
  })
})

describe('events', () => {
  it('come as they happen, up to the end', async () => {
    const { client, control } = appClient()
    const { id } = await client.submit({ code: '1' })
    const events = client.events(id)
    const first = events.next()
    const given = await control.nextStarted()
    expect((await first).value).toEqual({ id: '1-1', type: 'start', data: { attempt: 1 } })
    given.write('stdout', 'é\n')
    expect((await events.next()).value).toMatchObject({ type: 'stdout', data: { text: 'é\n' } })
    given.finish()
    const rest = await all(events)
    expect(rest).toMatchObject([{ type: 'end', data: { id, state: 'finished' } }])
    expect(await all(client.events(id, { after: rest[0]?.id ?? '' }))).toEqual([])
  })

  it.each([0, 12, 50, 90, 150, 300])(
    'come once each although the connection breaks, after %i bytes',
    async (bytes) => {
      let calls = 0
      const { client, control } = appClient((send) => async (url, init) => {
        const answer = await send(url, init)
        if (!url.endsWith('/events')) return answer
        calls += 1
        return calls === 1 ? broken(answer, bytes) : answer
      })
      const { id } = await client.submit({ code: '1' })
      const given = await control.nextStarted()
      given.write('stdout', 'one')
      given.write('stderr', 'two')
      given.finish()
      await client.wait(id)
      const events = await all(client.events(id))
      expect(events.map(({ type }) => type)).toEqual(['start', 'stdout', 'stderr', 'end'])
      expect(calls).toBe(2)
    },
  )

  it('end when one leaves, and the run goes on', async () => {
    const { client, control } = appClient()
    const { id } = await client.submit({ code: '1' })
    const given = await control.nextStarted()
    for await (const event of client.events(id)) {
      expect(event.type).toBe('start')
      break
    }
    expect(given.options.signal.aborted).toBe(false)
  })
})
