// An HTTP client that makes no connection to an address that its filter refuses.

import type { LookupAddress, LookupOptions } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, buildConnector } from 'undici'
import type { AddressFilter } from './address-filter.ts'

/** Finds all addresses of a name. */
export type Resolve = (hostname: string, options: LookupOptions) => Promise<LookupAddress[]>

export interface FilteredAgentOptions {
  isAllowed: AddressFilter
  /** Longest time until a connection is there, with the search for the name, in milliseconds. */
  connectTimeoutMs: number
  /** By default what the system says. */
  resolve?: Resolve | undefined
}

/** No address of a host may be reached. */
export class ForbiddenAddress extends Error {
  override readonly name = 'ForbiddenAddress'

  constructor() {
    super('the address may not be reached')
  }
}

/**
 * Asks the filter about the very addresses that are connected to, at that time: a name that has other addresses by then
 * gains nothing. Each request has a connection of its own. It takes no proxy from the environment, and no environment
 * makes it trust a certificate that it should not.
 */
export function filteredAgent({
  isAllowed,
  connectTimeoutMs,
  resolve = systemResolve,
}: FilteredAgentOptions): Agent {
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    lookup: filteredLookup(resolve, isAllowed),
    rejectUnauthorized: true,
  } as buildConnector.BuildOptions) // the type wants a port, which each connection brings
  return new Agent({
    pipelining: 0,
    connect(options, callback) {
      // Where the host is an address, nothing is looked up.
      if (isIP(options.hostname) !== 0 && !isAllowed(options.hostname)) {
        callback(new ForbiddenAddress(), null)
      } else connect(options, callback)
    },
  })
}

const systemResolve: Resolve = (hostname, options) => lookup(hostname, { ...options, all: true })

/** A lookup that leaves out what may not be reached, and fails where nothing is left. */
function filteredLookup(resolve: Resolve, isAllowed: AddressFilter): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, options).then(
      (addresses) => {
        const allowed = addresses.filter(({ address }) => isAllowed(address))
        const [first] = allowed
        if (!first) callback(new ForbiddenAddress(), [])
        else if (options.all) callback(null, allowed)
        else callback(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, []),
    )
  }
}
