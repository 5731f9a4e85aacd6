// Refusals: their statuses, their bodies, and what becomes of everything else that is thrown.

import { HTTPException } from 'hono/http-exception'
import { describe, expect, it } from 'vitest'
import {
  cancelled,
  REFUSAL_STATUS,
  Refusal,
  type RefusalCode,
  toRefusal,
} from '../../../src/run/refusal.ts'

describe('a refusal', () => {
  it.each([
    ['invalid_request', 400],
    ['unauthorized', 401],
    ['forbidden', 403],
    ['not_found', 404],
    ['method_not_allowed', 405],
    ['conflict', 409],
    ['too_large', 413],
    ['unsupported_media_type', 415],
    ['misdirected_request', 421],
    ['rate_limited', 429],
    ['cancelled', 499],
    ['internal', 500],
    ['busy', 503],
    ['unavailable', 503],
  ] satisfies [RefusalCode, number][])('called %s has the status %d', (code, status) => {
    expect(new Refusal(code, 'x').status).toBe(status)
  })

  it('has no other code than these fourteen', () => {
    expect(Object.keys(REFUSAL_STATUS)).toHaveLength(14)
  })

  it('has the fields of an outcome first, then its code and the request', () => {
    const body = new Refusal('busy', 'The queue is full').toBody('r-1')
    expect(JSON.stringify(body)).toBe(
      '{"output":"","error":"The queue is full","code":"busy","requestId":"r-1"}',
    )
  })

  it('keeps its cause and its header fields out of the body', () => {
    const refusal = new Refusal('busy', 'x', {
      cause: new Error('secret'),
      headers: { 'Retry-After': '3' },
    })
    expect(refusal.cause).toEqual(new Error('secret'))
    expect(refusal.headers).toEqual({ 'Retry-After': '3' })
    expect(Object.keys(refusal.toBody('r'))).toEqual(['output', 'error', 'code', 'requestId'])
  })

  it('has no header fields when none are given', () => {
    expect(new Refusal('busy', 'x').headers).toEqual({})
  })
})

describe('toRefusal', () => {
  it('leaves a refusal as it is', () => {
    const refusal = new Refusal('busy', 'x')
    expect(toRefusal(refusal)).toBe(refusal)
  })

  it('takes what the framework can not parse for a bad request', () => {
    const refusal = toRefusal(new HTTPException(400, { message: 'Unexpected token' }))
    expect([refusal.code, refusal.message]).toEqual(['invalid_request', 'body: is not valid JSON'])
  })

  it.each([
    ['an error', new Error('connect ENOENT /var/run/docker.sock')],
    ['a type error', new TypeError('x is not a function')],
    ['another exception of the framework', new HTTPException(418)],
    ['one that is a response', new HTTPException(403, { res: new Response('secret') })],
    ['an abort that nobody told apart', new DOMException('aborted', 'AbortError')],
    ['a time-out of ours', new DOMException('timed out', 'TimeoutError')],
    ['a string', 'oops'],
    ['undefined', undefined],
    ['null', null],
    ['an object', { code: 'busy', status: 200 }],
  ])('takes %s for a fault of ours and tells nothing of it', (_, thrown) => {
    const refusal = toRefusal(thrown)
    expect([refusal.code, refusal.status]).toEqual(['internal', 500])
    expect(refusal.message).toBe('Something went wrong on our side')
    expect(refusal.headers).toEqual({})
    expect(refusal.cause).toBe(thrown)
  })
})

describe('cancelled', () => {
  it.each([
    ['a text', 'Client connection prematurely closed.'],
    ['an error', new Error('gone')],
    ['nothing', undefined],
  ])('is a refusal whatever the signal was aborted with: %s', (_, reason) => {
    const signal = AbortSignal.abort(reason)
    expect(cancelled(signal)).toBeInstanceOf(Refusal)
    expect(cancelled(signal)).toMatchObject({ code: 'cancelled', message: 'The client hung up' })
    expect(cancelled(signal).cause).toBe(signal.reason)
  })
})

describe('the message', () => {
  it('is cut where the body would be longer than 4 KB as it is sent', () => {
    for (const piece of ['x', '"', '\u0001', '😀', '\ud800']) {
      const body = new Refusal('not_found', piece.repeat(20_000)).toBody('r'.repeat(255))
      expect(body.error.endsWith('…')).toBe(true)
      expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(4096)
    }
  })
})
