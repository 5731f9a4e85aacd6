// Which addresses a webhook may reach: no address that is not public passes, in no clothes.

import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, it } from 'vitest'
import { addressFilter } from '../../../src/webhooks/address-filter.ts'

const isPublic = addressFilter([])

describe('are reached', () => {
  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '100.63.255.255',
    '172.15.0.1',
    '172.32.0.1',
    '223.255.255.254',
    '2606:4700:4700::1111',
    '2a00:1450:4001:80b::200e',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '64:ff9b::808:808',
  ])('%s', (address) => {
    expect(isPublic(address)).toBe(true)
  })
})

describe('are not reached', () => {
  it.each([
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1']],
    ['this host', ['0.0.0.0', '0.1.2.3', '::']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12::1']],
    ['link-local', ['169.254.1.1', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1']],
    ['metadata of clouds', ['169.254.169.254', '100.100.100.200', '192.0.0.192', 'fd00:ec2::254']],
    ['the host of a machine in Azure', ['168.63.129.16', '::ffff:168.63.129.16']],
    ['behind a carrier', ['100.64.0.1', '100.127.255.255']],
    ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1', 'ff0e::1']],
    ['broadcast and reserved', ['255.255.255.255', '240.0.0.1', '192.0.0.1', '4000::1', '5f00::1']],
    ['for documents', ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1']],
    ['for measurements', ['198.18.0.1', '198.19.255.255', '2001:2::1']],
    ['IPv4 in IPv6', ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe']],
    ['IPv4 in older IPv6', ['::127.0.0.1', '::7f00:1', '::ffff:0:127.0.0.1', '::8.8.8.8']],
    ['NAT64', ['64:ff9b::127.0.0.1', '64:ff9b::10.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1']],
    ['6to4', ['2002:7f00:1::', '2002:a00:1::1', '2002:808:808::1']],
    ['Teredo', ['2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2']],
    [
      'no addresses',
      ['', '1', '127.1', '0x7f.0.0.1', '8.8.8.8.', '[::1]', 'localhost', '8.8.8.8/8'],
    ],
  ])('%s', (_, addresses) => {
    expect(addresses.filter((address) => isPublic(address))).toEqual([])
  })
})

describe('networks', () => {
  const isAllowed = addressFilter(['10.1.0.0/16', 'fd00:1::/32', '64:ff9b:1::/48'])

  it.each([
    '10.1.0.0',
    '10.1.255.255',
    '::ffff:10.1.2.3',
    'fd00:1::5',
    '64:ff9b:1::a01:203',
    '8.8.8.8',
  ])('are reached: %s', (address) => {
    expect(isAllowed(address)).toBe(true)
  })

  // The gateway of NAT64 has a network of its own.
  it.each(['10.2.0.0', '10.0.255.255', 'fd00:2::5', '64:ff9b::10.1.2.3', '127.0.0.1', '::1'])(
    'say nothing about %s',
    (address) => {
      expect(isAllowed(address)).toBe(false)
    },
  )

  it('of one family say nothing about the other', () => {
    expect(addressFilter(['0.0.0.0/0'])('::1')).toBe(false)
    expect(addressFilter(['::/0'])('127.0.0.1')).toBe(false)
  })
})

describe('whatever address there is', () => {
  const octet = fc.integer({ min: 0, max: 255 })
  const group = fc.integer({ min: 0, max: 0xffff })
  /** An address of a network, with its other bits as they come. */
  const within = (network: string) => {
    const [start, bits] = ipaddr.parseCIDR(network)
    const bytes = start.toByteArray()
    return fc.array(octet, { minLength: bytes.length, maxLength: bytes.length }).map((random) => {
      const mixed = bytes.map((byte, i) => {
        const mask = 255 >> Math.min(8, Math.max(0, bits - i * 8))
        return byte | ((random[i] ?? 0) & mask)
      })
      return ipaddr.fromByteArray(mixed).toString()
    })
  }

  const NOT_PUBLIC = [
    ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
    ...['172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.168.0.0/16', '198.18.0.0/15'],
    ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
    ...['::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', '2002::/16'],
    ...['3fff::/20', '4000::/2', '8000::/1', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
  ]

  it.each(NOT_PUBLIC)('of %s, it is not reached', (network) => {
    fc.assert(fc.property(within(network), (address) => !isPublic(address)))
  })

  it('in IPv6 it is reached as in IPv4, through NAT64, too', () => {
    fc.assert(
      fc.property(fc.tuple(octet, octet, octet, octet), (octets) => {
        const address = octets.join('.')
        const expected = isPublic(address)
        expect(isPublic(`::ffff:${address}`)).toBe(expected)
        expect(isPublic(`64:ff9b::${address}`)).toBe(expected)
        expect(isPublic(`::${address}`)).toBe(false)
      }),
    )
  })

  it('in IPv6 it begins with 2 or 3, or is NAT64', () => {
    const groups = fc.array(group, { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(groups, (parts) => {
        const address = parts.map((part) => part.toString(16)).join(':')
        if (isPublic(address)) expect(address).toMatch(/^[23]...:/)
      }),
    )
  })

  it('a text that is none is not reached', () => {
    fc.assert(fc.property(fc.string(), (text) => !isPublic(text) || ipaddr.isValid(text)))
  })
})
