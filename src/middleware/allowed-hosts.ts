// Refuses requests for a name that is not this server's: anybody may let a name of theirs lead to its address.

import type { HttpBindings } from '@hono/node-server'
import type { MiddlewareHandler } from 'hono'
import ipaddr from 'ipaddr.js'
import { hostName } from '../config/host-names.ts'
import { Refusal } from '../run/refusal.ts'
import type { AppEnv } from './app-env.ts'

/** How much of a name a refusal repeats, in characters: as long as a name may be. */
const MAX_QUOTED_LENGTH = 253

export interface AllowedHostsOptions {
  /** The server's names, as `hostPattern` returns them. */
  names: readonly string[]
  /** Whether other names are refused. */
  isEnforced: boolean
  /** Paths that are answered under every name, and without one. */
  openPaths: readonly string[]
}

/**
 * Judges by `Host` and by the host of an absolute target, and by nothing that a proxy adds. A browser takes a page for
 * that of the name in its address bar, and sends the name: where that is a stranger's, so is the page. An address
 * can't be made to lead elsewhere, and names without a dot and below `localhost` are nobody's to register.
 * @throws {Refusal} `misdirected_request`; `invalid_request` where there is no name, more than one, or something else
 */
export function allowedHosts(options: AllowedHostsOptions): MiddlewareHandler<AppEnv> {
  const { names, isEnforced, openPaths } = options
  return async function allowedHosts(c, next) {
    const host = c.req.header('Host') || undefined
    // Several lines are one text here.
    if (host?.includes(',')) throw new Refusal('invalid_request', 'Host: must be sent once')
    if (openPaths.includes(c.req.path)) return next()
    if (host === undefined) {
      // What is handed to the app inside of a process comes over no connection, and has no `Host`.
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
