// Which client a request is from: nobody chooses an address that no trusted proxy vouched for.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientAddress } from '../../../src/keys/client-address.ts'

/** The client's address for a peer and its `X-Forwarded-For`. */
const address = (trustProxy: string, peer: string, forwardedFor?: string) =>
  clientAddress(trustProxy)(peer, forwardedFor)

describe('trusting nobody', () => {
  it.each([undefined, '', '6.6.6.6', '6.6.6.6, 7.7.7.7', 'garbage'])(
    'takes the peer, whatever X-Forwarded-For says: %s',
    (forwardedFor) => {
      expect(address('0', '203.0.113.7', forwardedFor)).toBe('203.0.113.7')
    },
  )

  it('takes the peer for every text there is', () => {
    fc.assert(
      fc.property(fc.string(), (forwardedFor) => {
        expect(address('0', '203.0.113.7', forwardedFor)).toBe('203.0.113.7')
      }),
    )
  })
})

describe('trusting one proxy', () => {
  it.each([
    ['198.51.100.1', '198.51.100.1'],
    ['6.6.6.6, 198.51.100.1', '198.51.100.1'],
    ['6.6.6.6,7.7.7.7,198.51.100.1', '198.51.100.1'],
    ['garbage, 198.51.100.1', '198.51.100.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['198.51.100.1,', '198.51.100.1'],
    [undefined, '10.0.0.1'],
    ['', '10.0.0.1'],
  ])('takes the last of "%s"', (forwardedFor, client) => {
    expect(address('1', '10.0.0.1', forwardedFor)).toBe(client)
  })

  it.each(['unknown', '198.51.100.1, garbage', '1.2.3.4:80', '"; DROP'])(
    'takes the proxy where the last of "%s" is no address',
    (forwardedFor) => {
      expect(address('1', '10.0.0.1', forwardedFor)).toBe('10.0.0.1')
    },
  )
})

describe('trusting two proxies', () => {
  it.each([
    ['198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['6.6.6.6, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['198.51.100.1', '198.51.100.1'],
    [undefined, '10.0.0.1'],
  ])('takes the last but one of "%s"', (forwardedFor, client) => {
    expect(address('2', '10.0.0.1', forwardedFor)).toBe(client)
  })
})

describe('trusting networks', () => {
  const networks = '10.0.0.0/8, 192.0.2.1, 2001:db8:ffff::/48'

  it.each([
    ['a client behind one', '10.1.2.3', '198.51.100.1', '198.51.100.1'],
    ['a client behind two', '10.1.2.3', '198.51.100.1, 192.0.2.1', '198.51.100.1'],
    ['one who claims another address', '10.1.2.3', '6.6.6.6, 198.51.100.1', '198.51.100.1'],
    ['one who claims a proxy’s', '10.1.2.3', '6.6.6.6, 10.9.9.9, 198.51.100.1', '198.51.100.1'],
    ['one who comes without a proxy', '198.51.100.1', '6.6.6.6', '198.51.100.1'],
    ['one next to a trusted address', '192.0.2.2', '6.6.6.6', '192.0.2.2'],
    ['a proxy in IPv6', '2001:db8:ffff::5', '2001:db8::9', '2001:db8::9'],
    ['a proxy in IPv6 clothes', '::ffff:10.1.2.3', '198.51.100.1', '198.51.100.1'],
    ['a stranger in IPv6 clothes', '::ffff:198.51.100.1', '6.6.6.6', '::ffff:198.51.100.1'],
    ['garbage behind a proxy', '10.1.2.3', '6.6.6.6, garbage', '10.1.2.3'],
    ['a proxy alone', '10.1.2.3', undefined, '10.1.2.3'],
  ])('finds %s', (_, peer, forwardedFor, client) => {
    expect(address(networks, peer, forwardedFor)).toBe(client)
  })

  it('knows them by name', () => {
    expect(address('loopback', '127.0.0.1', '198.51.100.1')).toBe('198.51.100.1')
    expect(address('loopback', '::1', '198.51.100.1')).toBe('198.51.100.1')
    expect(address('loopback', '10.0.0.1', '198.51.100.1')).toBe('10.0.0.1')
    expect(address('loopback,uniquelocal', '10.0.0.1', '198.51.100.1')).toBe('198.51.100.1')
  })

  it('takes the peer that is no proxy for every text there is', () => {
    fc.assert(
      fc.property(fc.string(), (forwardedFor) => {
        expect(address(networks, '198.51.100.1', forwardedFor)).toBe('198.51.100.1')
      }),
    )
  })

  it('takes what the last proxy saw, whatever the client wrote before it', () => {
    fc.assert(
      fc.property(fc.string(), (written) => {
        expect(address(networks, '10.0.0.1', `${written}, 198.51.100.1`)).toBe('198.51.100.1')
      }),
    )
  })
})

describe('a setting that is neither a number nor networks', () => {
  it.each(['', 'true', 'unlimited', '-1', '1.5', 'NaN', '10.0.0.0/33', '0.0.0.0/0', '::/0', '*'])(
    'is refused: "%s"',
    (trustProxy) => {
      expect(() => clientAddress(trustProxy)).toThrow()
    },
  )
})

it('takes a peer that has no address as it is', () => {
  expect(address('0', '', '6.6.6.6')).toBe('')
})
