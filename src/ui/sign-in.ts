// The key of a person at a browser, in a cookie that lasts as long as the browser is open.

import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'

/** No script can read it, no other site can send it. */
const COOKIE = 'safe-code-executor-key'

/** The key that somebody signed in with, on this page or on one beside it. */
export function signedInKey(c: Context): string | undefined {
  return getCookie(c, COOKIE)
}

/**
 * Signs in with a key, or out without one. The cookie has no path: it is for the folder that the page is in, wherever a
 * proxy has put that.
 */
export function signIn(c: Context, key: string | undefined): void {
  const isSecure = [new URL(c.req.url).protocol, `${c.req.header('X-Forwarded-Proto')}:`].includes(
    'https:',
  )
  const attributes = `HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
  const value = key ? encodeURIComponent(key) : ''
  c.header('Set-Cookie', `${COOKIE}=${value}; ${key ? '' : 'Max-Age=0; '}${attributes}`)
}
