// The app: every refusal with its status, its code, its body and its header fields.

import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/run/refusal.ts'
import { memoryLog, outcome, postRun, testApp } from '../support/app.ts'
import { streamed } from '../support/stream.ts'

const JSON_TYPE = { 'Content-Type': 'application/json' }

/** Checks the whole of a refusal. */
async function expectRefusal(response: Response, status: number, code: string, error: string) {
  expect(response.status).toBe(status)
  expect(response.headers.get('Content-Type')).toBe('application/json')
  const requestId = response.headers.get('X-Request-Id')
  expect(requestId).toMatch(/^[\w-]{8,}$/)
  expect(await response.text()).toBe(JSON.stringify({ output: '', error, code, requestId }))
}

describe('400 invalid_request', () => {
  it.each([
    ['nothing', '', 'body: is not valid JSON'],
    ['half of an object', '{"code":', 'body: is not valid JSON'],
    ['two objects', '{"code":"x"}{}', 'body: is not valid JSON'],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe), 'body: is not valid JSON'],
    ['null', 'null', 'body: must be a JSON object'],
    ['an array', '[]', 'body: must be a JSON object'],
    ['no code', '{}', 'code: is required'],
    ['a code of another type', '{"code":5}', 'code: must be a string'],
    ['a blank code', '{"code":" "}', 'code: must not be blank'],
    ['an unknown field', '{"code":"x","cod":"y"}', 'cod: unknown field'],
    ['a __proto__', '{"code":"x","__proto__":{}}', '__proto__: unknown field'],
    [
      'a time out of range',
      '{"code":"x","timeoutSeconds":11}',
      'timeoutSeconds: must be above 0 and at most 10',
    ],
    [
      'a file outside of the folder',
      '{"code":"x","files":[{"path":"../x","content":""}]}',
      'files[0].path: "../x" must not contain ".."',
    ],
    [
      'an environment that is not configured',
      '{"code":"x","environment":"data"}',
      'environment: must be one of python',
    ],
  ])('is for %s', async (_, body, error) => {
    const { app, executor } = testApp()
    const response = await app.request('/run', { method: 'POST', headers: JSON_TYPE, body })
    await expectRefusal(response, 400, 'invalid_request', error)
    expect(executor.requests).toEqual([])
  })

  it('is for a code that is too long', async () => {
    const { app } = testApp()
    const longest = `#${'é'.repeat(131_071)}#`
    expect((await postRun(app, { code: longest })).status).toBe(200)
    const response = await postRun(app, { code: `${longest}#` })
    const problem = 'code: must be at most 262144 bytes of UTF-8'
    await expectRefusal(response, 400, 'invalid_request', problem)
  })
})

describe('401 unauthorized', () => {
  const { app, executor } = testApp({ settings: { API_KEYS: 'one,two' } })

  it.each([undefined, 'Bearer three', 'Basic b25l'])('is for the key %s', async (header) => {
    const response = await postRun(app, undefined, header ? { Authorization: header } : {})
    expect(response.headers.get('WWW-Authenticate')).toBe('Bearer')
    await expectRefusal(response, 401, 'unauthorized', 'A valid API key is required')
    expect(executor.requests).toEqual([])
  })
})

describe('404 not_found', () => {
  it.each(['/nothing', '/run/', '/run/x', '/ui/x', '/environments/python', '/favicon.ico', '/RUN'])(
    'is for %s',
    async (path) => {
      const { app } = testApp()
      await expectRefusal(await app.request(path), 404, 'not_found', `There is no ${path}`)
    },
  )
})

describe('405 method_not_allowed', () => {
  it.each([
    ['GET', '/run', 'POST'],
    ['PUT', '/run', 'POST'],
    ['DELETE', '/run', 'POST'],
    ['OPTIONS', '/run', 'POST'],
    ['PUT', '/ui', 'GET, HEAD, POST'],
    ['POST', '/', 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['DELETE', '/readyz', 'GET, HEAD'],
    ['POST', '/environments', 'GET, HEAD'],
  ])('is for %s %s, and says what is allowed', async (method, path, allow) => {
    const { app } = testApp()
    const response = await app.request(path, { method })
    expect(response.headers.get('Allow')).toBe(allow)
    await expectRefusal(response, 405, 'method_not_allowed', `${path}: only ${allow}`)
  })
})

describe('413 too_large', () => {
  const { app, executor } = testApp({ settings: { MAX_BODY_BYTES: '14' } })
  const post = async (init: RequestInit) => app.request('/run', { method: 'POST', ...init })

  it('is for a declared length over the limit', async () => {
    const { seen, init } = streamed(['{"code":"x12"}', ' '])
    const response = await post({ headers: { ...JSON_TYPE, 'Content-Length': '15' }, ...init })
    await expectRefusal(response, 413, 'too_large', 'body: must be at most 14 bytes')
    expect(seen.pulled).toBe(0)
  })

  it('is for chunks over the limit', async () => {
    const { init } = streamed(['{"code":"x12"}', ' '])
    const response = await post({ headers: JSON_TYPE, ...init })
    await expectRefusal(response, 413, 'too_large', 'body: must be at most 14 bytes')
    expect(executor.requests).toEqual([])
  })

  it('is not for chunks at the limit', async () => {
    const response = await post({ headers: JSON_TYPE, ...streamed(['{"code":', '"x12"}']).init })
    expect(response.status).toBe(200)
    expect(executor.requests).toMatchObject([{ code: 'x12' }])
  })
})

describe('415 unsupported_media_type', () => {
  it.each([
    ['another type', { 'Content-Type': 'text/plain' }, 'Content-Type: must be application/json'],
    ['no type', {}, 'Content-Type: must be application/json'],
    [
      'a compressed body',
      { ...JSON_TYPE, 'Content-Encoding': 'gzip' },
      'Content-Encoding: must be absent',
    ],
  ])('is for %s', async (_, headers, error) => {
    const { app } = testApp()
    const body = new TextEncoder().encode('{"code":"x"}')
    const response = await app.request('/run', { method: 'POST', headers, body })
    await expectRefusal(response, 415, 'unsupported_media_type', error)
  })
})

describe('429 rate_limited', () => {
  it('is for one request more than the rate, and says when to come back', async () => {
    const { app } = testApp({ settings: { RATE_LIMIT: '1/60' } })
    expect((await postRun(app)).status).toBe(200)
    const response = await postRun(app)
    expect(response.headers.get('Retry-After')).toBe('60')
    expect(response.headers.get('RateLimit')).toBe('"client";r=0;t=60')
    expect(response.headers.get('RateLimit-Policy')).toBe('"client";q=1;w=60')
    const error = 'More than 1 requests in 60 s; try again in 60 s'
    await expectRefusal(response, 429, 'rate_limited', error)
  })
})

describe('503', () => {
  it.each(['busy', 'unavailable'] as const)('%s says when to come back', async (code) => {
    const { logger, lines } = memoryLog()
    const cause = new Error('connect ENOENT /var/run/docker.sock')
    const { app } = testApp({
      logger,
      answer: () =>
        Promise.reject(new Refusal(code, 'Not now', { headers: { 'Retry-After': '3' }, cause })),
    })
    const response = await postRun(app)
    expect(response.headers.get('Retry-After')).toBe('3')
    await expectRefusal(response, 503, code, 'Not now')
    expect(lines.join(''), 'the log has the cause').toContain('connect ENOENT /var/run/docker.sock')
  })
})

describe('500 internal', () => {
  it('tells the client nothing, and the log the cause', async () => {
    const { logger, lines } = memoryLog()
    const failure = new Error('secret: cannot read /srv/app/src/secret.ts')
    const { app } = testApp({ logger, answer: () => Promise.reject(failure) })
    const response = await postRun(app)
    const seen = [await response.clone().text(), JSON.stringify([...response.headers])].join('')
    expect(seen).not.toMatch(/secret|\/srv|\.ts\b|\bat /)
    await expectRefusal(response, 500, 'internal', 'Something went wrong on our side')
    expect(lines.join(''), 'the log has the cause').toContain('cannot read /srv/app/src/secret.ts')
  })
})

it('200 is for whatever the program did', async () => {
  const ended = outcome({ status: 'error', error: 'NameError: x', output: '', exitCode: 1 })
  const response = await postRun(testApp({ answer: async () => ended }).app)
  expect([response.status, await response.text()]).toEqual([200, JSON.stringify(ended)])
})
