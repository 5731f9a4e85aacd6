// Header fields that tell a browser what a page may do: nothing but what it needs.

import type { MiddlewareHandler } from 'hono'
import { NONCE, secureHeaders } from 'hono/secure-headers'

const COMMON = {
  // With the default, `no-referrer`, a browser hides the origin of the page's own form.
  referrerPolicy: 'same-origin',
  // A promise for a whole domain is for the proxy that ends TLS to make.
  strictTransportSecurity: false,
} as const

const NOTHING = {
  defaultSrc: ["'none'"],
  formAction: ["'none'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
}

/** For the API: what it answers is nothing to run, to show or to send. */
const api = secureHeaders({ ...COMMON, contentSecurityPolicy: NOTHING })

/**
 * For the page: a script and styles of this server, styles that carry the answer's own nonce (the editor makes some),
 * forms and calls to this server, pictures that a program made. In a frame with a program's HTML it holds too, and that
 * frame may run no script at all.
 */
const page = secureHeaders({
  ...COMMON,
  contentSecurityPolicy: {
    ...NOTHING,
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", NONCE],
    imgSrc: ['data:'],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
  },
})

/** For the API's documentation: scripts, styles and pictures of this server, and calls to it. */
const docs = secureHeaders({
  ...COMMON,
  contentSecurityPolicy: {
    ...NOTHING,
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
  },
})

/**
 * For the page of the queues, which is somebody else's: scripts, styles and pictures of this server, calls to it, and a
 * place that its addresses are relative to. Fonts that it would have from elsewhere it does without.
 */
const admin = secureHeaders({
  ...COMMON,
  contentSecurityPolicy: {
    ...NOTHING,
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'self'"],
  },
})

/** Sets the header fields that a path's answers need. */
export const securityHeaders: MiddlewareHandler = (c, next) => {
  const [, first = ''] = c.req.path.split('/')
  if (first === 'ui') return page(c, next)
  if (first === 'admin') return admin(c, next)
  return first === 'docs' ? docs(c, next) : api(c, next)
}
