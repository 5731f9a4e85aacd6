// POST /run: what reaches the executor, what comes back, and a client that hangs up.

import { describe, expect, it } from 'vitest'
import { cancelled } from '../../../src/run/refusal.ts'
import { memoryLog, outcome, postRun, testApp } from '../support/app.ts'
import { streamed } from '../support/stream.ts'

describe('the request', () => {
  it('reaches the executor with its defaults', async () => {
    const { app, executor } = testApp()
    await postRun(app, { code: 'print(2 + 2)' })
    expect(executor.requests).toEqual([
      {
        ...{ code: 'print(2 + 2)', stdin: '', args: [], env: {}, timeoutSeconds: 10 },
        ...{ files: [], outputFiles: [], environment: 'python', displayLastExpression: false },
        retry: false,
      },
    ])
  })

  it('reaches the executor as it was sent', async () => {
    const { app, executor } = testApp({ settings: { ENVIRONMENTS: 'python,data' } })
    const request = {
      code: '\r\nprint("é")\n',
      stdin: 'a\r\n',
      args: ['--x', ''],
      env: { A: '1' },
      timeoutSeconds: 0.5,
      files: [
        { path: 'a.bin', content: 'AP8=', encoding: 'base64' },
        { path: 'b/c.txt', content: '\r\n', encoding: 'utf8' },
      ],
      outputFiles: ['**/*.png'],
      environment: 'data',
      retry: true,
      displayLastExpression: true,
    }
    await postRun(app, request, { 'Content-Type': 'application/json; charset=utf-8' })
    expect(executor.requests).toEqual([request])
  })

  it('may come in chunks that cut a character', async () => {
    const { app, executor } = testApp()
    const bytes = new TextEncoder().encode('{"code":"é"}')
    const { init } = streamed([bytes.subarray(0, 10), bytes.subarray(10)])
    const headers = { 'Content-Type': 'application/json' }
    const response = await app.request('/run', { method: 'POST', headers, ...init })
    expect(response.status).toBe(200)
    expect(executor.requests).toMatchObject([{ code: 'é' }])
  })

  it('gets the operator’s time when it asks for none', async () => {
    const settings = { DEFAULT_TIMEOUT_SECONDS: '2', MAX_TIMEOUT_SECONDS: '5' }
    const { app, executor } = testApp({ settings })
    await postRun(app, { code: 'x' })
    expect(executor.requests).toMatchObject([{ timeoutSeconds: 2 }])
  })
})

describe('the answer', () => {
  it('is the outcome and nothing else, output and error first', async () => {
    const ended = outcome({ output: '<b>é\0', stderr: 'w\n', truncated: true })
    const response = await postRun(testApp({ answer: async () => ended }).app)
    expect(response.headers.get('Content-Type')).toBe('application/json')
    const text = await response.text()
    expect(JSON.parse(text)).toEqual(ended)
    expect(Object.keys(JSON.parse(text)).slice(0, 2)).toEqual(['output', 'error'])
  })

  it('has the status 200 however the program ended', async () => {
    const states = ['ok', 'error', 'timeout', 'oom', 'output_limit', 'killed'] as const
    for (const status of states) {
      const { app } = testApp({ answer: async () => outcome({ status }) })
      expect((await postRun(app)).status).toBe(200)
    }
  })
})

describe('a client that hangs up', () => {
  /** Hangs up as soon as the program runs; returns the signal that the program's run got. */
  async function hangUp(body: RequestInit, reason: unknown) {
    const controller = new AbortController()
    const { logger, lines } = memoryLog()
    let runSignal: AbortSignal | undefined
    const { app } = testApp({
      logger,
      answer: async (_, { signal }) => {
        runSignal = signal
        expect(signal.aborted).toBe(false)
        controller.abort(reason)
        throw cancelled(signal)
      },
    })
    const headers = { 'Content-Type': 'application/json' }
    const { signal } = controller
    await app.request('/run', { method: 'POST', headers, signal, ...body })
    return { runSignal, lines }
  }

  it('stops its run', async () => {
    const { runSignal } = await hangUp({ body: '{"code":"x"}' }, new Error('gone'))
    expect(runSignal?.aborted).toBe(true)
  })

  it('stops its run when its body came in chunks', async () => {
    const { runSignal } = await hangUp(streamed(['{"code":', '"x"}']).init, new Error('gone'))
    expect(runSignal?.aborted).toBe(true)
  })

  it.each([
    ['an error', new DOMException('This operation was aborted', 'AbortError')],
    ['a text', 'Client connection prematurely closed.'],
  ])(
    'has one line in the log, as no fault of ours, where it is told with %s',
    async (_, reason) => {
      const { lines } = await hangUp({ body: '{"code":"x"}' }, reason)
      expect(lines).toHaveLength(1)
      const { level, msg, path } = JSON.parse(lines[0] ?? '{}')
      expect([level, msg, path]).toEqual([30, 'request', '/run'])
    },
  )
})
