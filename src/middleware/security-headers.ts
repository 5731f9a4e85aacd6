// Header fields that restrict a page in the browser to what it needs.

import type { MiddlewareHandler } from 'hono'
import { NONCE, secureHeaders } from 'hono/secure-headers'

type Policy = NonNullable<Parameters<typeof secureHeaders>[0]>['contentSecurityPolicy']

const NONE = ["'none'"]
const SELF = ["'self'"]

/** Permissions of all pages: scripts, styles, pictures and calls, to this server only. */
const OWN = { scriptSrc: SELF, styleSrc: SELF, imgSrc: ["'self'", 'data:'], connectSrc: SELF }

/** Sets the header fields of an answer with no permissions but those of `policy`. */
function allowing(policy: Policy): MiddlewareHandler {
  const nothing = { defaultSrc: NONE, formAction: NONE, baseUri: NONE, frameAncestors: NONE }
  return secureHeaders({
    // With the default, `no-referrer`, a browser would hide the origin of the page's own form.
    referrerPolicy: 'same-origin',
    // HSTS holds for a whole domain: that is for the proxy that ends TLS to set.
    strictTransportSecurity: false,
    contentSecurityPolicy: { ...nothing, ...policy },
  })
}

/** For the API, whose answers need no permissions. */
const api = allowing({})

/** For pages, by folder. */
const pages = new Map([
  // Styles with the answer's nonce (the editor adds some), forms, and no pictures but those that a program made. The policy
  // holds in frames with a program's HTML too; such a frame may run no script at all.
  ['ui', allowing({ ...OWN, styleSrc: [...SELF, NONCE], imgSrc: ['data:'], formAction: SELF })],
  ['docs', allowing(OWN)],
  // The page of the queues comes from a library, which needs forms and a base address. Its web fonts are not loaded.
  ['admin', allowing({ ...OWN, formAction: SELF, baseUri: SELF })],
])

/** Sets the security header fields, by path. */
export const securityHeaders: MiddlewareHandler = (c, next) => {
  const [, folder = ''] = c.req.path.split('/')
  return (pages.get(folder) ?? api)(c, next)
}
