// Which client a request is from: the peer, or whom a trusted proxy names.

import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'
import proxyAddr from 'proxy-addr'

/**
 * `trustProxy` says whose `X-Forwarded-For` is believed: a number of proxies before the server, or addresses and networks
 * (with the names `loopback`, `linklocal`, `uniquelocal`), separated by commas.
 * @throws {Error} when the setting is neither a number nor a list of networks.
 */
export function clientAddress(trustProxy: string) {
  const trusts = trustFunction(trustProxy)
  /**
   * The client's address, from the peer's address and the request's `X-Forwarded-For`. An address that the chain of
   * trusted proxies did not vouch for is never returned, so a client can't choose its own.
   */
  return function clientAddress(peer: string, forwardedFor: string | undefined): string {
    const request = {
      headers: { 'x-forwarded-for': forwardedFor },
      socket: { remoteAddress: peer },
    }
    const address = proxyAddr(request as unknown as IncomingMessage, trusts)
    return isAddress(address) ? address : peer
  }
}

/**
 * The key of a client. An IPv6 subscriber can send from a whole /64, so that is the client; an IPv4-mapped IPv6 address
 * counts as the IPv4 address.
 */
export function clientKey(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/64`).toString()}/64`
}

/**
 * Tells whether a connection from an address comes from a trusted proxy.
 * @throws {Error} when the setting is neither a number nor a list of networks.
 */
export function proxyTrust(trustProxy: string): (address: string) => boolean {
  const trusts = trustFunction(trustProxy)
  return (address) => trusts(address, 0)
}

/** `ipaddr.isValid` takes `1` for an address, too. */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
}

function trustFunction(setting: string): (address: string, hop: number) => boolean {
  if (/^\d+$/.test(setting.trim())) return (_, hop) => hop < Number(setting)
  return proxyAddr.compile(setting.split(',').map((item) => item.trim()))
}
