// POST /run as server-sent events: their form, who gets them, and what becomes of a run that can't start.

import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/run/refusal.ts'
import { outcome, postRun, testApp } from '../support/app.ts'
import { eventReader, parseEvents } from '../support/events.ts'
import { HeldRun, startedRun } from '../support/held-run.ts'

const STREAM = { Accept: 'text/event-stream' }

describe('events', () => {
  it('are these bytes', async () => {
    const { run, response } = await startedRun()
    const text = response.text()
    for (const [stream, bytes] of [
      ['stdout', 'é\n'],
      ['stderr', '"w"\r\n'],
      ['stdout', '\u2028\ufeff'],
    ] as const) {
      run.write(stream, bytes)
      await new Promise((resolve) => setImmediate(resolve))
    }
    run.end(outcome({ output: 'é\n', stderr: '"w"\r\n' }))
    expect(await text).toBe(
      [
        ': started\n\n',
        'event: stdout\ndata: {"text":"é\\n"}\n\n',
        'event: stderr\ndata: {"text":"\\"w\\"\\r\\n"}\n\n',
        'event: stdout\ndata: {"text":"\u2028\ufeff"}\n\n',
        `event: result\ndata: ${JSON.stringify(outcome({ output: 'é\n', stderr: '"w"\r\n' }))}\n\n`,
      ].join(''),
    )
  })

  it('say where the output before them is void', async () => {
    const { run, response } = await startedRun()
    const text = response.text()
    run.write('stdout', 'void')
    await new Promise((resolve) => setImmediate(resolve))
    run.restart()
    run.write('stdout', 'anew')
    run.end(outcome({ output: 'anew' }))
    expect(parseEvents(await text)).toMatchObject([
      ['started'],
      ['stdout', { text: 'void' }],
      ['restart', {}],
      ['stdout', { text: 'anew' }],
      ['result', { output: 'anew' }],
    ])
  })

  it('come with these header fields', async () => {
    const { run, response } = await startedRun()
    run.end(outcome())
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      vary: 'Accept',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
  })

  it('begin when the program starts, not before and not later', async () => {
    const run = new HeldRun()
    const { app } = testApp({ answer: run.answer })
    let isAnswered = false
    const answer = postRun(app, undefined, STREAM).then((response) => {
      isAnswered = true
      return response
    })
    await run.asked
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(isAnswered).toBe(false)
    run.start()
    const { next } = eventReader((await answer).body as ReadableStream<Uint8Array>)
    expect(await next()).toEqual(['started'])
    run.end(outcome())
  })

  it('end with what an ordinary answer is', async () => {
    const ended = outcome({ status: 'timeout', error: 'x', exitCode: null, signal: 'SIGKILL' })
    const { app } = testApp({ answer: async () => ended })
    const plain = await (await postRun(app)).json()
    const events = parseEvents(await (await postRun(app, undefined, STREAM)).text())
    expect(events).toEqual([['started'], ['result', plain]])
  })

  it('have whole characters where the bytes came in pieces', async () => {
    const { run, response } = await startedRun()
    const text = response.text()
    for (const byte of Buffer.from('€😀')) {
      run.write('stdout', Uint8Array.of(byte))
      run.write('stderr', Uint8Array.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    run.end(outcome())
    expect(parseEvents(await text)).toEqual([
      ['started'],
      ...['€', '😀'].flatMap((text) => [
        ['stdout', { text }],
        ['stderr', { text }],
      ]),
      ['result', outcome()],
    ])
  })

  it('can not be forged by a program', async () => {
    const { run, response } = await startedRun()
    const forged = '\n\nevent: result\ndata: {"status":"ok"}\n\n: x\r\revent: error\r\n'
    run.write('stdout', forged)
    run.end(outcome({ output: forged }))
    const events = parseEvents(await response.text())
    expect(events).toEqual([
      ['started'],
      ['stdout', { text: forged }],
      ['result', outcome({ output: forged })],
    ])
  })
})

describe('Accept', () => {
  const JSON_TYPE = 'application/json'
  const EVENTS = 'text/event-stream'

  it.each([
    [undefined, JSON_TYPE],
    ['', JSON_TYPE],
    ['*/*', JSON_TYPE],
    ['application/json', JSON_TYPE],
    ['application/*', JSON_TYPE],
    ['text/html', JSON_TYPE],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', JSON_TYPE],
    ['application/json, text/event-stream', JSON_TYPE],
    ['application/json, text/event-stream;q=0.5', JSON_TYPE],
    ['text/event-stream;q=0.5, application/json', JSON_TYPE],
    ['text/event-stream;q=0.5, application/json;q=0.6', JSON_TYPE],
    ['text/event-stream;q=0', JSON_TYPE],
    ['text/event-stream', EVENTS],
    ['Text/Event-Stream; charset=utf-8', EVENTS],
    ['text/event-stream, application/json;q=0.5', EVENTS],
    ['application/json;q=0.5, text/event-stream', EVENTS],
    ['application/json;q=0, text/event-stream;q=0.1', EVENTS],
    ['text/event-stream, */*', EVENTS],
    ['text/event-stream, */*;q=0.1', EVENTS],
  ])('%s is answered with %s', async (accept, type) => {
    const headers: Record<string, string> = accept === undefined ? {} : { Accept: accept }
    const response = await postRun(testApp().app, undefined, headers)
    expect([response.status, response.headers.get('Content-Type')]).toEqual([200, type])
    expect(response.headers.get('Vary')).toBe('Accept')
  })
})

describe('a run that can not start', () => {
  it('is an ordinary answer with its status', async () => {
    const busy = new Refusal('busy', 'Full', { headers: { 'Retry-After': '2' } })
    const { app } = testApp({ answer: () => Promise.reject(busy) })
    const response = await postRun(app, undefined, STREAM)
    expect([response.status, response.headers.get('Content-Type')]).toEqual([
      503,
      'application/json',
    ])
    expect(response.headers.get('Retry-After')).toBe('2')
    expect(await response.json()).toEqual(busy.toBody(response.headers.get('X-Request-Id') ?? ''))
  })

  it.each([
    [400, '{"cod":"x"}', {}],
    [401, '{"code":"x"}', { settings: { API_KEYS: 'one' } }],
    [500, '{"code":"x"}', { answer: () => Promise.reject(new Error('/srv/secret.ts')) }],
  ])('has the status %d', async (status, body, options) => {
    const { app } = testApp(options)
    const response = await postRun(app, JSON.parse(body), STREAM)
    expect([response.status, response.headers.get('Content-Type')]).toEqual([
      status,
      'application/json',
    ])
    expect(await response.text()).not.toContain('secret')
  })
})
