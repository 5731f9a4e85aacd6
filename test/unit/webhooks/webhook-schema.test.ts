// What a client may say of a webhook, and what it is told where it may not.

import { expect, it } from 'vitest'
import { describeIssues } from '../../../src/run/issues.ts'
import { webhookSchema } from '../../../src/webhooks/webhook-schema.ts'

const URL_OK = 'https://example.com/hooks/runs?token=t'
const SECRET_OK = 'sixteen letters!'

/** What is wrong with a webhook, in one line. */
function problem(webhook: unknown): string {
  const result = webhookSchema.safeParse(webhook)
  return result.success ? '' : describeIssues(result.error.issues)
}

it.each([
  URL_OK,
  'http://example.com',
  'HTTPS://EXAMPLE.com:8443/',
  'http://[2001:db8::1]/',
  'https://bücher.example/ä',
  `https://example.com/${'a'.repeat(2028)}`,
])('takes the address %s', (url) => {
  expect(problem({ url, secret: SECRET_OK })).toBe('')
})

it.each([
  [undefined, 'url: is required'],
  [null, 'url: must be a string'],
  ['', 'url: must be an http or https URL'],
  ['example.com', 'url: must be an http or https URL'],
  ['/hooks', 'url: must be an http or https URL'],
  ['ftp://example.com/', 'url: must be an http or https URL'],
  ['javascript:alert(1)', 'url: must be an http or https URL'],
  ['http://', 'url: must be an http or https URL'],
  ['http://256.0.0.1/', 'url: must be an http or https URL'],
  ['https://user@example.com/', 'url: must not have a user or a password'],
  ['https://user:word@example.com/', 'url: must not have a user or a password'],
  ['https://:word@example.com/', 'url: must not have a user or a password'],
  ['https://example.com/#part', 'url: must not have a fragment'],
  [`https://example.com/${'a'.repeat(2029)}`, 'url: must have at most 2048 characters'],
  ['https://example.com/\ud800', 'url: must not contain a lone surrogate'],
])('refuses the address %j', (url, message) => {
  expect(problem({ url, secret: SECRET_OK })).toBe(message)
})

it.each([
  SECRET_OK,
  'a'.repeat(256),
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  'whsec-and then some',
  'geheim geheim ü ü',
])('takes the secret %s', (secret) => {
  expect(problem({ url: URL_OK, secret })).toBe('')
})

it.each([
  [undefined, 'secret: is required'],
  [1, 'secret: must be a string'],
  ['', 'secret: must have at least 16 characters'],
  ['fifteen letters', 'secret: must have at least 16 characters'],
  ['a'.repeat(257), 'secret: must have at most 256 characters'],
  [
    'whsec_not base64 at all',
    'secret: must be base64 after "whsec_" (RFC 4648, section 4; padded)',
  ],
  ['whsec_AAAAAAAAAAA', 'secret: must be base64 after "whsec_" (RFC 4648, section 4; padded)'],
])('refuses the secret %j', (secret, message) => {
  expect(problem({ url: URL_OK, secret })).toBe(message)
})

it.each([null, 'https://example.com/', 1, []])('refuses what is no object: %j', (webhook) => {
  expect(problem(webhook)).toBe('body: must be an object with "url" and "secret"')
})

it('refuses what it does not know', () => {
  expect(problem({ url: URL_OK, secret: SECRET_OK, method: 'GET' })).toBe('method: unknown field')
})
