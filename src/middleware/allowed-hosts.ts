// Refuses requests for other host names than this server's: a stranger's name may resolve to its address (DNS rebinding).

import type { HttpBindings } from '@hono/node-server'
import type { MiddlewareHandler } from 'hono'
import ipaddr from 'ipaddr.js'
import { hostName } from '../config/host-names.ts'
import { Refusal } from '../run/refusal.ts'
import type { AppEnv } from './app-env.ts'

/** Maximum length of a name in a refusal, in characters: that of a host name. */
const MAX_QUOTED_LENGTH = 253

export interface AllowedHostsOptions {
  /** The server's names, as returned by `hostPattern`. */
  names: readonly string[]
  /** Whether other names are refused. */
  isEnforced: boolean
  /** Paths that are answered under any name, and without one. */
  openPaths: readonly string[]
}

/**
 * Checks `Host` and the host of an absolute target, but no header field of a proxy. A browser sends the name in its address
 * bar: if that is a stranger's name, the page is the stranger's too. Addresses can't resolve to another server, and names
 * without a dot or below `localhost` can't be registered: these are always allowed.
 * @throws {Refusal} `misdirected_request`; `invalid_request` if `Host` is missing, repeated or malformed
 */
export function allowedHosts(options: AllowedHostsOptions): MiddlewareHandler<AppEnv> {
  const { names, isEnforced, openPaths } = options
  return async function allowedHosts(c, next) {
    const host = c.req.header('Host') || undefined
    // Repeated header fields are joined by commas.
    if (host?.includes(',')) throw new Refusal('invalid_request', 'Host: must be sent once')
    if (openPaths.includes(c.req.path)) return next()
    if (host === undefined) {
      // A request from inside the process comes over no connection, and needs no `Host`.
      const { incoming } = (c.env ?? {}) as Partial<HttpBindings>
      if (incoming) throw new Refusal('invalid_request', 'Host: is required')
      return next()
    }
    const url = new URL(c.req.url)
    if (url.username || url.password) {
      throw new Refusal('invalid_request', 'The request target must not contain a user')
    }
    for (const authority of [host, url.host]) {
      const name = hostName(authority)
      if (name === undefined) throw new Refusal('invalid_request', 'Host: is not valid')
      if (isEnforced && !isOwn(name, names)) {
        const quoted = JSON.stringify(name.slice(0, MAX_QUOTED_LENGTH))
        const problem = `Host: this server does not answer to ${quoted}`
        throw new Refusal(
          'misdirected_request',
          `${problem}; its operator can add the name to ALLOWED_HOSTS`,
        )
      }
    }
    return next()
  }
}

function isOwn(name: string, names: readonly string[]): boolean {
  if (name.startsWith('[') || ipaddr.IPv4.isValidFourPartDecimal(name)) return true
  if (!name.includes('.') || name.endsWith('.localhost')) return true
  return names.some((own) => (own.startsWith('*.') ? name.endsWith(own.slice(1)) : name === own))
}
