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
  /** Longest time for a connection, with the lookup of the name, in milliseconds. */
  connectTimeoutMs: number
  /** By default the system's. */
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
 * Checks the very addresses that are connected to, at that time, so that a name that changes its addresses gains nothing.
 * Each request has a connection of its own. Environment variables set no proxy, and do not turn off the verification of
 * certificates.
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
      // If the host is an address, there is no lookup.
      if (isIP(options.hostname) !== 0 && !isAllowed(options.hostname)) {
        callback(new ForbiddenAddress(), null)
      } else connect(options, callback)
    },
  })
}

const systemResolve: Resolve = (hostname, options) => lookup(hostname, { ...options, all: true })

/** A lookup without the addresses that may not be reached, which fails if none is left. */
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
