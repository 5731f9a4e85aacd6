// A client's rate: the edge, the header fields, the end of the window, and that clients do not share it.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { rateLimit } from '../../../src/middleware/rate-limit.ts'
import { MemoryRateLimiter } from '../../../src/rate-limiter/rate-limiter.ts'
import { mounted } from '../support/mounted.ts'

let app: ReturnType<typeof mounted>
beforeEach(() => {
  vi.useFakeTimers()
  const policy = { requests: 2, windowSeconds: 60 }
  app = mounted(
    (c, next) => {
      c.set('client', c.req.header('X-Client') ?? 'a')
      return next()
    },
    rateLimit({ limiter: new MemoryRateLimiter(), policy }),
  )
})
afterEach(() => {
  vi.useRealTimers()
})

async function send(client = 'a'): Promise<Response> {
  return app.request('/', { headers: { 'X-Client': client } })
}

/** The statuses of several requests, one after the other. */
async function statuses(count: number, client = 'a'): Promise<number[]> {
  const seen: number[] = []
  for (let i = 0; i < count; i += 1) seen.push((await send(client)).status)
  return seen
}

describe('the limit', () => {
  it('lets as many pass as it says, and not one more', async () => {
    expect(await statuses(4)).toEqual([200, 200, 429, 429])
  })

  it('counts requests that come at once', async () => {
    const responses = await Promise.all(Array.from({ length: 5 }, () => send()))
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429, 429])
  })

  it('is each client’s own', async () => {
    expect(await statuses(3, 'a')).toEqual([200, 200, 429])
    expect(await statuses(3, 'b')).toEqual([200, 200, 429])
  })

  it('does not mix up clients that are named like members of every object', async () => {
    for (const client of ['__proto__', 'constructor', 'toString']) {
      expect(await statuses(3, client)).toEqual([200, 200, 429])
    }
  })

  it('is over when the window is, and not a moment before', async () => {
    await statuses(3)
    vi.advanceTimersByTime(59_999)
    expect(await statuses(1)).toEqual([429])
    vi.advanceTimersByTime(1)
    expect(await statuses(3)).toEqual([200, 200, 429])
  })

  it('is not prolonged by requests that were refused', async () => {
    await statuses(2)
    for (let second = 0; second < 59; second += 1) {
      vi.advanceTimersByTime(1000)
      expect(await statuses(1)).toEqual([429])
    }
    vi.advanceTimersByTime(1000)
    expect(await statuses(1)).toEqual([200])
  })
})

describe('the header fields', () => {
  const fields = ({ headers }: Response) => [
    headers.get('RateLimit-Policy'),
    headers.get('RateLimit'),
    headers.get('Retry-After'),
  ]

  it('say what is left of how much', async () => {
    expect(fields(await send())).toEqual(['"client";q=2;w=60', '"client";r=1;t=60', null])
    vi.advanceTimersByTime(18_500)
    expect(fields(await send())).toEqual(['"client";q=2;w=60', '"client";r=0;t=42', null])
  })

  it('say when to come back', async () => {
    await statuses(2)
    expect(fields(await send())).toEqual(['"client";q=2;w=60', '"client";r=0;t=60', '60'])
    vi.advanceTimersByTime(18_500)
    expect(fields(await send())).toEqual(['"client";q=2;w=60', '"client";r=0;t=42', '42'])
  })

  it('never say to come back at once', async () => {
    await statuses(2)
    vi.advanceTimersByTime(59_999)
    expect(fields(await send())).toEqual(['"client";q=2;w=60', '"client";r=0;t=1', '1'])
  })
})

describe('the refusal', () => {
  it('is the caller’s own rate, 429', async () => {
    await statuses(2)
    const response = await send()
    expect(response.status).toBe(429)
    expect(await response.json()).toEqual({
      output: '',
      error: 'More than 2 requests in 60 s; try again in 60 s',
      code: 'rate_limited',
      requestId: 'id',
    })
  })
})
