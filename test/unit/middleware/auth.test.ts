// Keys: none, one, several, and everything that looks like one.

import { describe, expect, it } from 'vitest'
import { KeyRing, plainKeys } from '../../../src/keys/key-ring.ts'
import { auth, type FindKey } from '../../../src/middleware/auth.ts'
import { mounted } from '../support/mounted.ts'

interface Options {
  keys: string[]
  findKey?: FindKey
}

/** The middleware for keys in plain text. */
function keyed({ keys, ...options }: Options) {
  const ring = new KeyRing({ isRequired: keys.length > 0, fixed: plainKeys(keys) })
  return auth({ ring, right: 'run', ...options })
}

/** Status of a request with this `Authorization`. */
async function status(options: Options, authorization?: string): Promise<number> {
  const headers: Record<string, string> = authorization ? { Authorization: authorization } : {}
  return (await mounted(keyed(options)).request('/', { headers })).status
}

describe('without keys', () => {
  it.each([undefined, 'Bearer anything', 'nonsense'])('everybody passes: %s', async (header) => {
    expect(await status({ keys: [] }, header)).toBe(200)
  })
})

describe('with one key', () => {
  const keys = ['s3cret-Key']

  it.each([
    'Bearer s3cret-Key',
    'bearer s3cret-Key',
    'BEARER s3cret-Key',
    'Bearer   s3cret-Key',
    'Bearer s3cret-Key ',
  ])('"%s" passes', async (header) => {
    expect(await status({ keys }, header)).toBe(200)
  })

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    'Bearer s3cret-key',
    'Bearer s3cret-Ke',
    'Bearer s3cret-Key2',
    'Bearer s3cret-Key extra',
    'Bearer extra s3cret-Key',
    'Bearer "s3cret-Key"',
    'Bearer s3cret-Key,s3cret-Key',
    'Bearers3cret-Key',
    'Bearer:s3cret-Key',
    'Basic s3cret-Key',
    'Basic czNjcmV0LUtleQ==',
    'Token s3cret-Key',
    's3cret-Key',
    'x Bearer s3cret-Key',
  ])('"%s" is refused', async (header) => {
    expect(await status({ keys }, header)).toBe(401)
  })

  it('a request without one is refused, told how to send it and not which', async () => {
    const response = await mounted(keyed({ keys })).request('/')
    expect(response.status).toBe(401)
    expect(response.headers.get('WWW-Authenticate')).toBe('Bearer')
    expect(await response.json()).toEqual({
      output: '',
      error: 'A valid API key is required',
      code: 'unauthorized',
      requestId: 'id',
    })
  })

  it('a wrong one is told the same as none', async () => {
    const app = mounted(keyed({ keys }))
    const none = await app.request('/')
    const wrong = await app.request('/', { headers: { Authorization: 'Bearer wrong' } })
    expect(await wrong.json()).toEqual(await none.json())
  })
})

describe('with several keys', () => {
  const keys = ['one', 'two', 'three']

  it.each(keys)('each passes: %s', async (key) => {
    expect(await status({ keys }, `Bearer ${key}`)).toBe(200)
  })

  it.each(['onetwo', 'one,two', 'four', ''])('nothing else passes: "%s"', async (key) => {
    expect(await status({ keys }, `Bearer ${key}`)).toBe(401)
  })
})

describe('a route with another place for the key', () => {
  const fromQuery = (asynchronous: boolean): Options => ({
    keys: ['one'],
    findKey: (c) => (asynchronous ? Promise.resolve(c.req.query('key')) : c.req.query('key')),
  })

  it.each([true, false])('takes it from there and only from there', async (asynchronous) => {
    const app = mounted(keyed(fromQuery(asynchronous)))
    expect((await app.request('/?key=one')).status).toBe(200)
    expect((await app.request('/?key=two')).status).toBe(401)
    expect((await app.request('/?key=')).status).toBe(401)
    const headers = { Authorization: 'Bearer one' }
    expect((await app.request('/', { headers })).status).toBe(401)
  })
})
