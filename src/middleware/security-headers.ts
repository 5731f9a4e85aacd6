// Header fields that tell a browser what a page may do: nothing but what it needs.

import type { MiddlewareHandler } from 'hono'
import { NONCE, secureHeaders } from 'hono/secure-headers'

type Policy = NonNullable<Parameters<typeof secureHeaders>[0]>['contentSecurityPolicy']

const NONE = ["'none'"]
const SELF = ["'self'"]

/** What pages of this server all may: load its scripts, styles and pictures, and call it. */
const OWN = { scriptSrc: SELF, styleSrc: SELF, imgSrc: ["'self'", 'data:'], connectSrc: SELF }

/** Sets the header fields of an answer that may do nothing but what `policy` allows. */
function allowing(policy: Policy): MiddlewareHandler {
  const nothing = { defaultSrc: NONE, formAction: NONE, baseUri: NONE, frameAncestors: NONE }
  return secureHeaders({
    // With the default, `no-referrer`, a browser hides the origin of the page's own form.
    referrerPolicy: 'same-origin',
    // A promise for a whole domain is for the proxy that ends TLS to make.
    strictTransportSecurity: false,
    contentSecurityPolicy: { ...nothing, ...policy },
  })
}

/** For the API: what it answers is nothing to run, to show or to send. */
const api = allowing({})

/** For pages, by the folder that they are in. */
const pages = new Map([
  // Styles that carry the answer's own nonce (the editor makes some), forms, and no pictures but those that a program made.
  // In a frame with a program's HTML it holds too, and that frame may run no script at all.
  ['ui', allowing({ ...OWN, styleSrc: [...SELF, NONCE], imgSrc: ['data:'], formAction: SELF })],
  ['docs', allowing(OWN)],
  // The page of the queues is somebody else's: forms, and a place that its addresses are relative to. Fonts that it would
  // have from elsewhere it does without.
  ['admin', allowing({ ...OWN, formAction: SELF, baseUri: SELF })],
])

/** Sets the header fields that a path's answers need. */
export const securityHeaders: MiddlewareHandler = (c, next) => {
  const [, folder = ''] = c.req.path.split('/')
  return (pages.get(folder) ?? api)(c, next)
}
