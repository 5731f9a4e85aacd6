// POST /run as server-sent events: a run that fails when its answer has begun, and a client that hangs up.

import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/run/refusal.ts'
import { outcome, testApp } from '../support/app.ts'
import { eventReader, parseEvents } from '../support/events.ts'
import { HeldRun, startedRun } from '../support/held-run.ts'

describe('a run that fails after its start', () => {
  it('ends with an error that tells the client nothing, and the log the cause', async () => {
    const { run, lines, response } = await startedRun()
    run.write('stdout', 'so far')
    run.fail(new Error('secret: cannot read /srv/app/src/secret.ts'))
    const requestId = response.headers.get('X-Request-Id')
    const error = 'Something went wrong on our side'
    expect(parseEvents(await response.text())).toEqual([
      ['started'],
      ['stdout', { text: 'so far' }],
      ['error', { output: '', error, code: 'internal', requestId }],
    ])
    const logged = lines.filter((line) => line.includes('cannot read /srv/app/src/secret.ts'))
    expect(logged.map((line) => JSON.parse(line))).toMatchObject([{ level: 50, requestId }])
  })

  it('ends with a refusal in its own words', async () => {
    const { run, lines, response } = await startedRun()
    run.fail(new Refusal('unavailable', 'Not now', { cause: new Error('no engine') }))
    const events = parseEvents(await response.text())
    expect(events.at(-1)).toMatchObject(['error', { error: 'Not now', code: 'unavailable' }])
    expect(lines.join('')).toContain('no engine')
  })
})

describe('a client that hangs up', () => {
  it('stops its run, and is no fault of ours', async () => {
    const controller = new AbortController()
    const { run, lines } = await startedRun({ signal: controller.signal })
    expect(run.signal?.aborted).toBe(false)
    controller.abort(new Error('gone'))
    expect(run.signal?.aborted).toBe(true)
    await new Promise((resolve) => setImmediate(resolve))
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['request'])
  })

  it('stops its run by leaving the stream', async () => {
    const { run, lines, response } = await startedRun()
    const { next, cancel } = eventReader(response.body as ReadableStream<Uint8Array>)
    await next()
    await cancel()
    expect(run.signal?.aborted).toBe(true)
    await new Promise((resolve) => setImmediate(resolve))
    expect(lines).toHaveLength(1)
  })

  it('stops its run before it starts', async () => {
    const run = new HeldRun()
    const { app } = testApp({ answer: run.answer })
    const controller = new AbortController()
    const answer = app.request('/run', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
      body: '{"code":"x"}',
      signal: controller.signal,
    })
    await run.asked
    controller.abort()
    expect((await answer).status).toBe(499)
    expect(run.signal?.aborted).toBe(true)
  })

  it('stops nothing when its run is over', async () => {
    const controller = new AbortController()
    const { run, response } = await startedRun({ signal: controller.signal })
    run.end(outcome())
    await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    expect(run.signal?.aborted).toBe(false)
    expect(parseEvents(await response.text()).at(-1)).toEqual(['result', outcome()])
  })
})
