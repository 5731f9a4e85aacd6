// Where a redirect may lead a webhook, and where not.

import { expect, it } from 'vitest'
import { redirectTarget } from '../../../src/webhooks/redirect.ts'

const SECURE = 'https://a.example/hooks/1?token=t'
const PLAIN = 'http://a.example/hooks/1'

it.each([
  [SECURE, '/there', 'https://a.example/there'],
  [SECURE, '2', 'https://a.example/hooks/2'],
  [SECURE, '//b.example', 'https://b.example/'],
  [SECURE, 'https://b.example:8443/#part', 'https://b.example:8443/'],
  [PLAIN, 'https://b.example/', 'https://b.example/'],
  [PLAIN, 'http://b.example/', 'http://b.example/'],
])('leads from %s by %s to %s', (from, location, target) => {
  expect(redirectTarget(new URL(from), location)?.href).toBe(target)
})

it.each([
  ['to less than TLS', 'http://a.example/there'],
  ['to another protocol', 'file:///etc/passwd'],
  ['to data', 'data:,x'],
  ['to a user', 'https://user@a.example/'],
  ['to a password', 'https://:word@a.example/'],
  ['to an endless address', `/${'a'.repeat(2048)}`],
  ['to no URL', 'http://['],
  ['nowhere', undefined],
  ['to several', ['/a', '/b']],
])('leads not %s', (_, location) => {
  expect(redirectTarget(new URL(SECURE), location)).toBe(undefined)
})
