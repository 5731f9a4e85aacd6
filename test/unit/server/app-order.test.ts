// The app: what is checked before what, who a client is, and what every answer carries.

import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/run/refusal.ts'
import { memoryLog, outcome, postForm, postRun, testApp, testKey } from '../support/app.ts'
import { HeldRun } from '../support/held-run.ts'
import { streamed } from '../support/stream.ts'

describe('the key', () => {
  it('is asked for before a request is counted: strangers use up nobody’s rate', async () => {
    const { app } = testApp({ settings: { API_KEYS: 'one', RATE_LIMIT: '1/60' } })
    for (let i = 0; i < 5; i += 1) {
      const refused = await postRun(app)
      expect([refused.status, refused.headers.get('RateLimit')]).toEqual([401, null])
    }
    const key = { Authorization: 'Bearer one' }
    expect((await postRun(app, undefined, key)).status).toBe(200)
    expect((await postRun(app, undefined, key)).status).toBe(429)
  })

  it('is asked for before anything is told about the body', async () => {
    const { app } = testApp({ settings: { API_KEYS: 'one' } })
    expect((await postRun(app, { cod: 'x' })).status).toBe(401)
  })

  it('opens /run and nothing else needs it', async () => {
    const { app } = testApp({ settings: { API_KEYS: 'one' } })
    for (const path of ['/ui', '/healthz', '/readyz']) {
      expect((await app.request(path)).status, path).toBe(200)
    }
  })
})

describe('the rate', () => {
  const one = { RATE_LIMIT: '1/60' }

  it('is not used up by requests that are refused', async () => {
    const { app, executor } = testApp({ settings: one })
    const refused = async (status: number) => {
      const response = await postRun(app, status === 400 ? { cod: 'x' } : undefined)
      expect([response.status, response.headers.get('RateLimit')]).toEqual([
        ...[status, '"client";r=1;t=60'],
      ])
    }
    await refused(400)
    executor.answer = () => Promise.reject(new Refusal('busy', 'full'))
    await refused(503)
    executor.answer = async () => outcome()
    expect((await postRun(app)).status).toBe(200)
    expect((await postRun(app)).status).toBe(429)
  })

  it.each(['cancelled', 'invalid_request', 'unavailable'] as const)(
    'is used up when a container got the program, whatever came of it: %s',
    async (code) => {
      const { app, executor } = testApp({ settings: one })
      executor.answer = () => Promise.reject(new Refusal(code, 'before'))
      await postRun(app)
      executor.answer = async (_, { onEvent }) => {
        onEvent?.({ type: 'charged' })
        throw new Refusal(code, 'after')
      }
      expect((await postRun(app)).status).not.toBe(429)
      expect((await postRun(app)).status).toBe(429)
    },
  )

  it('is not used up by those that are over it', async () => {
    const { app, executor } = testApp({ settings: { RATE_LIMIT: '2/60' } })
    const held = [new HeldRun(), new HeldRun()]
    const waiting = []
    for (const run of held) {
      executor.answer = run.answer
      waiting.push(postRun(app))
      await run.asked
    }
    for (let n = 0; n < 5; n += 1) expect((await postRun(app)).status).toBe(429)
    for (const run of held) run.fail(new Refusal('busy', 'full'))
    for (const answer of waiting) expect((await answer).status).toBe(503)
    executor.answer = async () => outcome()
    for (const status of [200, 200, 429]) expect((await postRun(app)).status).toBe(status)
  })

  it('is the key’s own, wherever it comes from, and not that of its address', async () => {
    const keys = [testKey('a'), testKey('b'), testKey('wide', { rateLimitRequests: 3 })]
    const { app } = testApp({ settings: { ...one, TRUST_PROXY: '1' }, keys })
    const from = (key: string, address: string) =>
      postRun(app, undefined, { Authorization: `Bearer ${key}`, 'X-Forwarded-For': address })
    expect((await from('a', '198.51.100.1')).status).toBe(200)
    expect((await from('a', '198.51.100.2')).status).toBe(429)
    expect((await from('b', '198.51.100.1')).status).toBe(200)
    for (const status of [200, 200, 200, 429]) {
      expect((await from('wide', '198.51.100.1')).status).toBe(status)
    }
  })

  it('is one for /run and the page', async () => {
    const { app } = testApp({ settings: one })
    expect((await postRun(app)).status).toBe(200)
    expect((await postForm(app, { code: 'x' })).status).toBe(429)
  })

  it('is not spent on looking', async () => {
    const { app } = testApp({ settings: one })
    for (let i = 0; i < 3; i += 1) {
      for (const path of ['/', '/ui', '/healthz', '/readyz', '/nothing']) await app.request(path)
    }
    expect((await postRun(app)).status).toBe(200)
  })

  it('can be switched off', async () => {
    const { app } = testApp({ settings: { ...one, RATE_LIMIT: 'off' } })
    for (let i = 0; i < 5; i += 1) {
      const response = await postRun(app)
      expect([response.status, response.headers.get('RateLimit')]).toEqual([200, null])
    }
  })

  it('can not be had anew by claiming another address', async () => {
    const { app } = testApp({ settings: one })
    const from = (address: string) => postRun(app, undefined, { 'X-Forwarded-For': address })
    expect((await from('198.51.100.1')).status).toBe(200)
    expect((await from('198.51.100.2')).status).toBe(429)
  })

  it('is each client’s own behind a proxy that is trusted', async () => {
    const { app } = testApp({ settings: { ...one, TRUST_PROXY: '1' }, peer: '10.0.0.1' })
    const from = (address: string) => postRun(app, undefined, { 'X-Forwarded-For': address })
    expect((await from('198.51.100.1')).status).toBe(200)
    expect((await from('198.51.100.2')).status).toBe(200)
    expect((await from('6.6.6.6, 198.51.100.1')).status).toBe(429)
  })

  it('can not be had anew from another address of one IPv6 network', async () => {
    const { app } = testApp({ settings: { ...one, TRUST_PROXY: '1' }, peer: '10.0.0.1' })
    const from = (address: string) => postRun(app, undefined, { 'X-Forwarded-For': address })
    expect((await from('2001:db8:1:2::1')).status).toBe(200)
    expect((await from('2001:db8:1:2:9::9')).status).toBe(429)
    expect((await from('2001:db8:1:3::1')).status).toBe(200)
  })
})

describe('a body that was not read', () => {
  const send = async (size: number, pieces: string[]) => {
    const { seen, init } = streamed(pieces)
    const { app } = testApp({ settings: { API_KEYS: 'one' } })
    const headers = { 'Content-Type': 'application/json', 'Content-Length': String(size) }
    const response = await app.request('/run', { method: 'POST', headers, ...init })
    return [response.status, response.headers.get('Connection'), seen.pulled]
  }

  it('is left to the server where it is short, and else dropped', async () => {
    expect(await send(65_536, ['x'.repeat(65_536)])).toEqual([401, null, 0])
    expect(await send(65_537, ['x'.repeat(65_536), 'x'])).toEqual([401, null, 2])
  })

  it('closes nothing where it was read', async () => {
    const { app } = testApp()
    const response = await postRun(app, { code: 'x', args: 'x'.repeat(100_000) })
    expect([response.status, response.headers.get('Connection')]).toEqual([400, null])
  })
})

describe('the request id', () => {
  const idOf = async (headers: Record<string, string> = {}) =>
    (await postRun(testApp().app, undefined, headers)).headers.get('X-Request-Id') ?? ''

  it('is another one for every request', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => idOf()))
    expect(new Set(ids).size).toBe(20)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('may be the caller’s', async () => {
    expect(await idOf({ 'X-Request-Id': 'call-17' })).toBe('call-17')
  })

  it.each(['a b', '<img>', 'a"b', 'ä', 'x'.repeat(256)])(
    'is not the caller’s when it could do harm: %s',
    async (id) => {
      expect(await idOf({ 'X-Request-Id': id })).toMatch(/^[0-9a-f-]{36}$/)
    },
  )

  it('is that of the line in the log', async () => {
    const { logger, lines } = memoryLog()
    const response = await postRun(testApp({ logger }).app)
    const line = JSON.parse(lines[0] ?? '{}')
    expect(line.requestId).toBe(response.headers.get('X-Request-Id'))
  })
})

describe('every answer', () => {
  it.each(['/ui', '/healthz', '/environments', '/nothing', '/run', '/'])(
    'is locked down: %s',
    async (path) => {
      const { headers } = await testApp().app.request(path)
      expect(headers.get('Content-Security-Policy')).toMatch(
        path === '/ui'
          ? /^default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; script-src 'self'; style-src 'self' 'nonce-[\w+/=]{22,}'; img-src data:; connect-src 'self'$/
          : /^default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'$/,
      )
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(headers.get('X-Frame-Options')).toBe('SAMEORIGIN')
      expect(headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin')
      expect(headers.get('Cross-Origin-Resource-Policy')).toBe('same-origin')
      expect(headers.get('Referrer-Policy')).toBe('same-origin')
      expect(headers.get('X-Powered-By')).toBeNull()
      expect(headers.get('Access-Control-Allow-Origin')).toBeNull()
      expect(headers.get('Strict-Transport-Security')).toBeNull()
    },
  )
})

describe('the log', () => {
  it('has nothing of code, stdin, files, output or keys', async () => {
    const { logger, lines } = memoryLog()
    const { app } = testApp({ logger, settings: { API_KEYS: 'secret-key' } })
    const body = {
      ...{ code: 'secret-code', stdin: 'secret-stdin', env: { A: 'secret-value' } },
      files: [{ path: 'secret-path', content: 'secret-content' }],
      outputFiles: ['secret-glob'],
    }
    const key = { Authorization: 'Bearer secret-key' }
    expect((await postRun(app, body, key)).status).toBe(200)
    const events = await postRun(app, body, { ...key, Accept: 'text/event-stream' })
    expect(await events.text()).toContain('event: result')
    expect((await postRun(app, { ...body, outputFiles: ['../secret-glob'] }, key)).status).toBe(400)
    await postRun(app, { ...body, cod: 1 }, { Authorization: 'Bearer secret-other' })
    await postForm(app, { code: 'secret-code', key: 'secret-key' })
    expect(lines).toHaveLength(5)
    expect(lines.join('')).not.toContain('secret')
  })
})
