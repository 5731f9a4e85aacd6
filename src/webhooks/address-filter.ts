// The addresses that a webhook may reach: public ones, and those of the operator's networks.

import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Whether a webhook may reach an address, which is a literal without brackets. */
export type AddressFilter = (address: string) => boolean

/** The addresses that are routed worldwide: IANA's registry "IPv6 Global Unicast Address Assignments". */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')
/** IPv4 addresses for hosts with IPv6 only: RFC 6052, section 2.1. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')
/** In a public range, but a service of the host of each virtual machine in Azure ("WireServer"). */
const AZURE_HOST = '168.63.129.16'

/** `networks`, in CIDR notation, may be reached although they are not public. */
export function addressFilter(networks: readonly string[]): AddressFilter {
  const ranges = networks.map((network) => ipaddr.parseCIDR(network))
  return (text) => {
    const literal = canonical(text)
    if (!literal) return false
    const address = ipaddr.process(literal) // an IPv4-mapped IPv6 address is the IPv4 address
    return ranges.some((range) => isWithin(address, range)) || isPublic(address)
  }
}

/**
 * The canonical form of an address, because its parser accepts `1`, and reads `::8.8.8.8` as `::ffff:8.8.8.8`. Undefined
 * with a zone, which is link-local.
 */
function canonical(text: string): string | undefined {
  if (isIP(text) !== 6) return isIP(text) === 4 ? text : undefined
  const url = `http://[${text}]`
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : undefined
}

function isPublic(address: Address): boolean {
  if (address instanceof ipaddr.IPv4) {
    return address.range() === 'unicast' && address.toString() !== AZURE_HOST
  }
  if (address.match(NAT64)) return isPublic(new ipaddr.IPv4(address.toByteArray().slice(12)))
  return address.match(GLOBAL_UNICAST) && address.range() === 'unicast'
}

function isWithin(address: Address, [network, bits]: [Address, number]): boolean {
  return address.kind() === network.kind() && address.match(network, bits)
}
