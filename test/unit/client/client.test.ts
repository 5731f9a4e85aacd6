// The client: events however they come, refusals, and what is no answer of this server.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createClient } from '../../../src/client/client.ts'
import { all } from '../../support/all.ts'
import { outcome } from '../support/app.ts'

/** A client of a server that answers this. */
function clientOf(answer: () => Response | Promise<Response>) {
  const requests: { url: string; init: RequestInit }[] = []
  const send = async (url: unknown, init: RequestInit = {}) => {
    requests.push({ url: String(url), init })
    return answer()
  }
  const fetch = send as typeof globalThis.fetch
  return { requests, client: createClient({ url: 'http://runner.example/', key: 'k', fetch }) }
}

function streamOf(pieces: readonly Uint8Array[]): Response {
  return new Response(
    new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece)
        controller.close()
      },
    }),
  )
}

const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
const last = event('result', outcome())
const result = { type: 'result', outcome: outcome() }

describe('run', () => {
  it('posts what it is given, with the key, and gives the outcome', async () => {
    const { client, requests } = clientOf(() => Response.json(outcome()))
    expect(await client.run({ code: 'print(2 + 2)', args: ['x'] })).toEqual(outcome())
    expect(requests).toMatchObject([
      {
        url: 'http://runner.example/run',
        init: {
          method: 'POST',
          body: '{"code":"print(2 + 2)","args":["x"]}',
          headers: { Authorization: 'Bearer k', Accept: 'application/json' },
        },
      },
    ])
  })

  it('has no hint from a server that gives none', async () => {
    const { hint, ...older } = outcome()
    expect(await clientOf(() => Response.json(older)).client.run({ code: '1' })).toEqual(outcome())
    const { client } = clientOf(() => new Response(event('result', older)))
    expect(await all(client.stream({ code: '1' }))).toEqual([result])
    const run = { id: 'r', state: 'finished', endedAt: 'now' }
    const async = clientOf(() => Response.json({ ...run, result: older })).client
    expect(await async.wait('r')).toEqual({ ...run, result: outcome() })
  })

  it('throws a refusal with its code, its status and when to try again', async () => {
    const body = { output: '', error: 'full', code: 'busy', requestId: 'r' }
    const init = { status: 503, headers: { 'Retry-After': '7' } }
    const { client } = clientOf(() => Response.json(body, init))
    await expect(client.run({ code: '1' })).rejects.toMatchObject({
      ...{ name: 'RefusedError', message: 'full', code: 'busy', status: 503 },
      ...{ requestId: 'r', retryAfterSeconds: 7 },
    })
  })

  it('says where an answer is of something else, or there is none', async () => {
    const proxy = clientOf(() => new Response('<html>Bad gateway</html>', { status: 502 }))
    await expect(proxy.client.run({ code: '1' })).rejects.toThrow(
      'the answer 502 is not from safe-code-executor',
    )
    const nobody = clientOf(() => Promise.reject(new TypeError('fetch failed')))
    await expect(nobody.client.run({ code: '1' })).rejects.toThrow(
      'http://runner.example can’t be reached',
    )
  })
})

describe('stream', () => {
  it('is the same events however they are cut, whatever is in them', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\n', '\u2028', '\u2029', '"', 'é', '𝄞') })
    const cuts = fc.array(fc.nat(400), { maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 4 }), cuts, async (texts, places) => {
        const events = texts.map((text) => event('stdout', { text })).join(': heartbeat\n\n')
        const bytes = Buffer.from(`: started\n\n${events}${last}`)
        const ends = [...places.map((place) => Math.min(place, bytes.length)), bytes.length]
        ends.sort((a, b) => a - b)
        const pieces = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
        const { client } = clientOf(() => streamOf(pieces))
        expect(await all(client.stream({ code: '1' }))).toEqual([
          ...texts.map((text) => ({ type: 'stdout', text })),
          result,
        ])
      }),
    )
  })

  it('takes a time that grows with the size of an event, not with its square', async () => {
    const large = event('result', outcome({ output: 'x'.repeat(8_000_000) }))
    const bytes = Buffer.from(large)
    const pieces = Array.from({ length: Math.ceil(bytes.length / 16_384) }, (_, i) =>
      bytes.subarray(i * 16_384, (i + 1) * 16_384),
    )
    const { client } = clientOf(() => streamOf(pieces))
    expect(await all(client.stream({ code: '1' }))).toHaveLength(1)
  }, 5000)

  it('gives an event out when it is whole, without waiting for the next one', async () => {
    let write: (text: string) => void = () => {}
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        write = (text) => controller.enqueue(Buffer.from(text))
      },
    })
    const events = clientOf(() => new Response(body)).client.stream({ code: '1' })
    const first = events.next()
    write(event('stderr', { text: 'now' }))
    expect(await first).toEqual({ done: false, value: { type: 'stderr', text: 'now' } })
    await events.return()
  })

  it('throws what the server says failed, and where the result does not come', async () => {
    const body = { output: '', error: 'Something went wrong', code: 'internal', requestId: 'r' }
    const failed = clientOf(() => streamOf([Buffer.from(event('error', body))]))
    await expect(all(failed.client.stream({ code: '1' }))).rejects.toMatchObject({
      code: 'internal',
    })
    const cut = clientOf(() => streamOf([Buffer.from(event('stdout', { text: 'a' }))]))
    await expect(all(cut.client.stream({ code: '1' }))).rejects.toThrow(
      'the connection ended before the result',
    )
  })
})

it('lists the environments', async () => {
  const { client } = clientOf(() => Response.json({ environments: [{ name: 'python' }] }))
  expect(await client.environments()).toEqual([{ name: 'python' }])
})
