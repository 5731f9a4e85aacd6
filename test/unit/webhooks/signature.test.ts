// Signatures of webhooks: as the specification's own libraries make them, and nothing else passes.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NoKey, sign, signedHeaders, verify } from '../../../src/webhooks/signature.ts'
import { SECRET } from './support/messages.ts'

const NOW_MS = 1_614_265_330_000
const BODY = '{"test": 2432232314}'
const CONTENT = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampSeconds: NOW_MS / 1000, body: BODY }

/** Headers of a message with this and that changed. */
const headers = (changes: Record<string, string | string[] | undefined> = {}) => ({
  ...signedHeaders(CONTENT, SECRET),
  ...changes,
})

it('is that of the test vector of Standard Webhooks', () => {
  expect(headers()).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

it('has the UTF-8 of a secret that is not marked as base64', () => {
  const bytes = Buffer.from('ein geheimes Wort: ü')
  const marked = `whsec_${bytes.toString('base64')}`
  expect(sign(CONTENT, bytes.toString())).toBe(sign(CONTENT, marked))
})

it('is the same for a text and for its bytes', () => {
  const body = '{"é":"😀"}'
  expect(sign({ ...CONTENT, body }, SECRET)).toBe(
    sign({ ...CONTENT, body: Buffer.from(body) }, SECRET),
  )
})

it.each(['', 'whsec_', 'whsec_!!!!!!!!!!!!!!!!', 'whsec_===='])(
  'is none, nor verified, with a secret that has no key in it: %j',
  (secret) => {
    expect(() => sign(CONTENT, secret)).toThrow('the secret has no key in it')
    expect(() => signedHeaders(CONTENT, secret)).toThrow(NoKey)
    expect(() => verify(headers(), BODY, secret, NOW_MS)).toThrow(NoKey)
  },
)

describe('verify', () => {
  it('takes what was signed, whatever it is', () => {
    const text = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(text, text, fc.string({ minLength: 1 }), (id, body, secret) => {
        const timestampSeconds = NOW_MS / 1000
        const signed = signedHeaders({ id, timestampSeconds, body }, secret)
        expect(verify(signed, body, secret, NOW_MS)).toBe(true)
        expect(verify(signed, `${body} `, secret, NOW_MS)).toBe(false)
      }),
    )
  })

  it('takes one of several signatures', () => {
    const { 'webhook-signature': own } = headers()
    expect(
      verify(headers({ 'webhook-signature': `v1,AAAA v2,x ${own}` }), BODY, SECRET, NOW_MS),
    ).toBe(true)
  })

  it.each([
    ['another id', { 'webhook-id': 'msg_2' }],
    ['another time', { 'webhook-timestamp': '1614265331' }],
    ['a time that is no number', { 'webhook-timestamp': '1614265330.0' }],
    ['no time', { 'webhook-timestamp': undefined }],
    ['no signature', { 'webhook-signature': undefined }],
    ['an empty signature', { 'webhook-signature': '' }],
    [
      'the signature of another version',
      { 'webhook-signature': 'v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' },
    ],
    ['a cut signature', { 'webhook-signature': 'v1,g0hM9SsE' }],
    ['a field that came twice', { 'webhook-id': ['msg_p5jXN8AQM9LWM0D4loKWxJek'] }],
  ])('refuses %s', (_, changes) => {
    expect(verify(headers(changes), BODY, SECRET, NOW_MS)).toBe(false)
  })

  it('refuses another secret, and another body', () => {
    expect(verify(headers(), BODY, `${SECRET.slice(0, -1)}A`, NOW_MS)).toBe(false)
    expect(verify(headers(), '{"test":2432232314}', SECRET, NOW_MS)).toBe(false)
  })

  it.each([
    [300, true],
    [301, false],
    [-300, true],
    [-301, false],
  ])('is asked %i s after the attempt: %s', (seconds, isValid) => {
    expect(verify(headers(), BODY, SECRET, NOW_MS + seconds * 1000)).toBe(isValid)
  })
})
