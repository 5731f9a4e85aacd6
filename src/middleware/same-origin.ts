// Refuses form posts that another site's page sent from a visitor's browser.

import type { MiddlewareHandler } from 'hono'
import { csrf } from 'hono/csrf'

/** Compares hosts alone: behind a proxy that ends TLS the server does not know its own scheme. */
export function sameOrigin(): MiddlewareHandler {
  return csrf({
    origin: (origin, c) => URL.canParse(origin) && new URL(origin).host === c.req.header('Host'),
  })
}
