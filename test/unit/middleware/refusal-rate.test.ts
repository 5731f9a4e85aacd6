// The rate of refused requests: ten times that of runs, each client's own, and no body is read over it.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MemoryRateLimiter } from '../../../src/rate-limiter/rate-limiter.ts'
import { Refusal } from '../../../src/run/refusal.ts'
import { postForm, postRun, type TestAppOptions, testApp, testKey } from '../support/app.ts'
import { postRuns, withKey } from '../support/async-runs.ts'
import { streamed } from '../support/stream.ts'

const ONE = { RATE_LIMIT: '1/60', TRUST_PROXY: '1' }
const TEXT = { 'Content-Type': 'text/plain' }
const BAD = { cod: 'x' }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

type App = ReturnType<typeof testApp>['app']

const limitedApp = ({ settings, ...options }: TestAppOptions = {}) =>
  testApp({ ...options, settings: { ...ONE, ...settings } })

/** The statuses of as many answers, one after the other. */
async function statuses(count: number, send: () => Response | Promise<Response>) {
  const seen: number[] = []
  for (let n = 0; n < count; n += 1) seen.push((await send()).status)
  return seen
}

const times = (count: number, status: number) => Array.from({ length: count }, () => status)
const from = (address: string) => ({ 'X-Forwarded-For': address })

describe('refused requests', () => {
  it.each<[string, number, (app: App) => Response | Promise<Response>]>([
    ['400 of /run', 400, (app) => postRun(app, BAD)],
    ['400 of /runs', 400, (app) => postRuns(app, BAD)],
    ['400 of the form', 400, (app) => postForm(app, { code: '' })],
    ['413', 413, (app) => postRun(app, { code: 'x'.repeat(200) }, { 'Content-Length': '212' })],
    ['415', 415, (app) => postRun(app, undefined, TEXT)],
    [
      '400 of what is read',
      400,
      (app) => app.request('/runs/x/events', { headers: { 'Last-Event-ID': 'x' } }),
    ],
  ])('may be ten times as many as runs: %s', async (_, status, send) => {
    const { app, executor } = limitedApp({ settings: { MAX_BODY_BYTES: '100' } })
    expect(await statuses(12, () => send(app))).toEqual([...times(10, status), 429, 429])
    expect((await postRun(app)).status, 'good ones too').toBe(429)
    expect(executor.requests).toEqual([])
  })

  it('are counted together, whatever was wrong with them', async () => {
    const { app } = limitedApp()
    await postRun(app, BAD)
    await postRuns(app, BAD)
    await postForm(app, {})
    await postRun(app, 1, TEXT)
    expect(await statuses(7, () => postRun(app, BAD))).toEqual([...times(6, 400), 429])
  })

  it('say when to come back, and are forgotten then', async () => {
    const { app } = limitedApp()
    await statuses(10, () => postRun(app, BAD))
    vi.advanceTimersByTime(18_500)
    const response = await postRun(app, BAD)
    expect(response.headers.get('Retry-After')).toBe('42')
    expect(await response.json()).toMatchObject({
      error: '10 requests in 60 s were refused; try again in 42 s',
      code: 'rate_limited',
    })
    vi.advanceTimersByTime(41_499)
    expect((await postRun(app, BAD)).status).toBe(429)
    vi.advanceTimersByTime(1)
    expect(await statuses(11, () => postRun(app, BAD))).toEqual([...times(10, 400), 429])
  })

  it('use up nothing of the rate of runs, nor runs of theirs', async () => {
    const { app } = limitedApp()
    await statuses(9, () => postRun(app, BAD))
    expect((await postRun(app)).status).toBe(200)
    expect((await postRun(app)).status).toBe(429)
    expect((await postRun(app, BAD)).status, 'the rate of runs').toBe(429)
  })

  it('are each address’s own', async () => {
    const { app } = limitedApp()
    const bad = (address: string) => statuses(11, () => postRun(app, BAD, from(address)))
    expect(await bad('198.51.100.1')).toEqual([...times(10, 400), 429])
    expect(await bad('198.51.100.2')).toEqual([...times(10, 400), 429])
  })

  it('are the key’s own where one came, and ten times its own rate', async () => {
    const keys = [testKey('a'), testKey('b', { rateLimitRequests: 2 })]
    const { app } = limitedApp({ keys })
    const bad = (key: string) => statuses(21, () => postRun(app, BAD, withKey(key)))
    expect(await bad('a')).toEqual([...times(10, 400), ...times(11, 429)])
    expect(await bad('b')).toEqual([...times(20, 400), 429])
    const form = { code: '', key: 'a' }
    expect((await postForm(app, form)).status, 'the key in a form').toBe(429)
    expect((await postRun(app, undefined, withKey('wrong'))).status).toBe(401)
  })

  it('of somebody without a key are not those of a key at the same address', async () => {
    const { app } = limitedApp({ keys: [testKey('a')] })
    expect(await statuses(11, () => postRun(app, undefined, TEXT))).toEqual([
      ...times(10, 415),
      429,
    ])
    expect((await postRun(app, undefined, withKey('a'))).status).toBe(200)
  })

  it('are not those that another site sent', async () => {
    const { app } = limitedApp()
    const foreign = { ...TEXT, Origin: 'http://evil.example' }
    expect(await statuses(11, () => postForm(app, {}, foreign))).toEqual(times(11, 403))
    expect((await postRun(app)).status).toBe(200)
  })

  it('may be any number where no rate is limited', async () => {
    const { app } = limitedApp({ settings: { RATE_LIMIT: 'off' } })
    expect(await statuses(30, () => postRun(app, BAD))).toEqual(times(30, 400))
  })
})

describe('what is not the client’s fault', () => {
  it.each(['busy', 'unavailable', 'internal'] as const)('is not counted: %s', async (code) => {
    const { app, executor } = limitedApp()
    executor.answer = () => Promise.reject(new Refusal(code, 'no'))
    const { status } = new Refusal(code, 'no')
    expect(await statuses(12, () => postRun(app))).toEqual(times(12, status))
  })

  it('is not counted: 401 and 429', async () => {
    const { app } = limitedApp({ keys: [testKey('a')] })
    expect(await statuses(12, () => postRun(app))).toEqual(times(12, 401))
    expect(await statuses(12, () => postRun(app, undefined, withKey('a')))).toEqual([
      ...[200, ...times(11, 429)],
    ])
    vi.advanceTimersByTime(60_000)
    expect((await postRun(app, BAD, withKey('a'))).status).toBe(400)
  })
})

describe('over the rate', () => {
  it.each(['/run', '/runs', '/ui'])('nothing of a body is read: %s', async (path) => {
    const { app } = limitedApp()
    await statuses(10, () => postRun(app, BAD))
    const { seen, init } = streamed(['x'])
    const headers = { 'Content-Type': 'application/json', 'Content-Length': '1' }
    const response = await app.request(path, { method: 'POST', headers, ...init })
    expect([response.status, seen.pulled]).toEqual([429, 0])
  })

  it('nobody is asked for a good request', async () => {
    class Counting extends MemoryRateLimiter {
      readonly clients: string[] = []
      override count(...given: Parameters<MemoryRateLimiter['count']>) {
        this.clients.push(given[0])
        return super.count(...given)
      }
    }
    const limiter = new Counting()
    const { app } = limitedApp({ limiter })
    await postRun(app)
    expect(limiter.clients).toEqual(['address:203.0.113.7'])
    await postRun(app, 1, TEXT)
    expect(limiter.clients).toEqual(['address:203.0.113.7', 'refused:address:203.0.113.7'])
  })
})
