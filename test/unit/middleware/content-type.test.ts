// The media type of a body: which is read, and that no compressed one is.

import { describe, expect, it } from 'vitest'
import { contentType } from '../../../src/middleware/content-type.ts'
import { mounted } from '../support/mounted.ts'

const app = mounted(contentType('application/json'))

/** Posts two bytes with these header fields and nothing that is made up for them. */
async function post(headers: Record<string, string>): Promise<Response> {
  return app.request('/', { method: 'POST', headers, body: Uint8Array.of(0x7b, 0x7d) })
}

describe('Content-Type', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json ; charset="utf-8"',
    'Application/JSON',
    'application/json;',
  ])('may be %s', async (type) => {
    const response = await post({ 'Content-Type': type })
    expect([response.status, await response.text()]).toEqual([200, 'passed with 2 bytes'])
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/json-patch+json',
    'application/problem+json',
    'application/json, text/plain',
    'text/json',
    'json',
    '; application/json',
    '*/*',
    '',
  ])('must not be "%s"', async (type) => {
    const response = await post({ 'Content-Type': type })
    expect(response.status).toBe(415)
    expect(await response.json()).toEqual({
      output: '',
      error: 'Content-Type: must be application/json',
      code: 'unsupported_media_type',
      requestId: 'id',
    })
  })

  it('must not be absent', async () => {
    expect((await post({})).status).toBe(415)
  })

  it('is named with every one that is read', async () => {
    const both = mounted(contentType('application/json', 'text/plain'))
    const refused = await both.request('/', { method: 'POST', body: new Uint8Array(1) })
    expect((await refused.json()).error).toBe(
      'Content-Type: must be application/json or text/plain',
    )
    const headers = { 'Content-Type': 'text/plain' }
    expect((await both.request('/', { method: 'POST', headers, body: 'x' })).status).toBe(200)
  })
})

describe('Content-Encoding', () => {
  it.each(['identity', 'Identity'])('may be %s', async (encoding) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': encoding }
    expect((await post(headers)).status).toBe(200)
  })

  it.each(['gzip', 'br', 'deflate', 'zstd', 'gzip, identity', 'identity, gzip', 'x'])(
    'must not be %s',
    async (encoding) => {
      const headers = { 'Content-Type': 'application/json', 'Content-Encoding': encoding }
      const response = await post(headers)
      expect(response.status).toBe(415)
      expect(await response.json()).toMatchObject({
        error: 'Content-Encoding: must be absent',
        code: 'unsupported_media_type',
      })
    },
  )
})
