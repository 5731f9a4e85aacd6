// Signatures of webhooks: as the specification's own libraries make them, and nothing else passes.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { NoKey, signedHeaders } from '../../../src/webhooks/signature.ts'
import { isSigned } from '../../support/webhook-receiver.ts'
import { SECRET } from './support/messages.ts'

const NOW_MS = 1_614_265_330_000
const BODY = '{"test": 2432232314}'
const CONTENT = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampSeconds: NOW_MS / 1000, body: BODY }

it('is that of the test vector of Standard Webhooks', () => {
  expect(signedHeaders(CONTENT, SECRET)).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

it('has the UTF-8 of a secret that is not marked as base64', () => {
  const bytes = Buffer.from('ein geheimes Wort: ü')
  const marked = `whsec_${bytes.toString('base64')}`
  expect(signedHeaders(CONTENT, bytes.toString())).toEqual(signedHeaders(CONTENT, marked))
})

it('is the same for a text and for its bytes', () => {
  const body = '{"é":"😀"}'
  expect(signedHeaders({ ...CONTENT, body }, SECRET)).toEqual(
    signedHeaders({ ...CONTENT, body: Buffer.from(body) }, SECRET),
  )
})

it.each(['', 'whsec_', 'whsec_!!!!!!!!!!!!!!!!', 'whsec_===='])(
  'is none with a secret that has no key in it: %j',
  (secret) => {
    expect(() => signedHeaders(CONTENT, secret)).toThrow('the secret has no key in it')
    expect(() => signedHeaders(CONTENT, secret)).toThrow(NoKey)
  },
)

it('is what a receiver makes of the same content, whatever it is', () => {
  const text = fc.string({ unit: 'grapheme' })
  const secret = fc.string({ minLength: 1 }).filter((text) => !text.startsWith('whsec_'))
  fc.assert(
    fc.property(text, text, secret, (id, body, secret) => {
      const signed = signedHeaders({ id, timestampSeconds: NOW_MS / 1000, body }, secret)
      expect(isSigned(signed, body, secret)).toBe(true)
      expect(isSigned(signed, `${body} `, secret)).toBe(false)
    }),
  )
})
