// One key for one client, in however many ways its address can be written.

import { describe, expect, it } from 'vitest'
import { clientKey } from '../../../src/keys/client-address.ts'

describe('an IPv4 address', () => {
  it('is a client', () => {
    expect(clientKey('203.0.113.7')).toBe('203.0.113.7')
    expect(clientKey('203.0.113.8')).toBe('203.0.113.8')
  })

  it.each(['::ffff:203.0.113.7', '::ffff:cb00:7107', '0:0:0:0:0:ffff:203.0.113.7'])(
    'is the same client in IPv6 clothes: %s',
    (address) => {
      expect(clientKey(address)).toBe('203.0.113.7')
    },
  )
})

describe('an IPv6 address', () => {
  it.each([
    '2001:db8:1:2::1',
    '2001:db8:1:2::ffff',
    '2001:db8:1:2:ffff:ffff:ffff:ffff',
    '2001:DB8:1:2::1',
    '2001:0db8:0001:0002:0000:0000:0000:0001',
  ])('is its whole /64: %s', (address) => {
    expect(clientKey(address)).toBe('2001:db8:1:2::/64')
  })

  it.each([
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['2001:db8:1::1', '2001:db8:1::/64'],
    ['::1', '::/64'],
    ['fe80::1%eth0', 'fe80::/64'],
  ])('of another /64 is another client: %s', (address, key) => {
    expect(clientKey(address)).toBe(key)
  })
})

describe('what is no address', () => {
  it.each(['', 'unknown', '203.0.113.7:80', '[::1]', '203.0.113.256'])(
    'is its own key: "%s"',
    (address) => {
      expect(clientKey(address)).toBe(address)
    },
  )
})
