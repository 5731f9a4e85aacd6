// Refuses form posts that another site's page sent from a visitor's browser.

import type { Context, MiddlewareHandler } from 'hono'
import { Refusal } from '../run/refusal.ts'

/**
 * Browsers send the origin of a post in `Sec-Fetch-Site`, or at least in `Origin`. A client that sends neither is no
 * browser, and has no visitor to abuse.
 * @throws {Refusal} `forbidden`
 */
export function sameOrigin(): MiddlewareHandler {
  return async function sameOrigin(c, next) {
    if (isForeign(c)) throw new Refusal('forbidden', 'The form was sent by another site')
    await next()
  }
}

function isForeign(c: Context): boolean {
  const site = c.req.header('Sec-Fetch-Site')
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const origin = c.req.header('Origin')
  if (origin === undefined) return false
  // Compare hosts only: behind a proxy that ends TLS the server does not know its own scheme. Any client can set
  // `X-Forwarded-Host`, so a proxy must pass `Host` itself.
  return !URL.canParse(origin) || new URL(origin).host !== c.req.header('Host')?.toLowerCase()
}
