// The key of a person at a browser, in a cookie that lasts as long as the browser is open.

import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import { Refusal } from '../run/refusal.ts'

/** No script can read it, no other site can send it. */
const COOKIE = 'safe-code-executor-key'
/** Longest key, in characters: browsers keep no cookie of more than 4 KB. */
const MAX_KEY_LENGTH = 1024

/** The key that somebody signed in with, on this page or on one beside it. */
export function signedInKey(c: Context): string | undefined {
  return getCookie(c, COOKIE)
}

/**
 * Signs in with a key, or out without one. The cookie has no path: it is for the folder that the page is in, wherever a
 * proxy has put that.
 * @throws {Refusal} `invalid_request` where the key is too long to be one.
 */
export function signIn(c: Context, key: string | undefined): void {
  if (key && key.length > MAX_KEY_LENGTH) {
    throw new Refusal('invalid_request', `key: must be at most ${MAX_KEY_LENGTH} characters`)
  }
  const isSecure = [new URL(c.req.url).protocol, `${c.req.header('X-Forwarded-Proto')}:`].includes(
    'https:',
  )
  const attributes = `HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
  const value = key ? encodeURIComponent(key) : ''
  c.header('Set-Cookie', `${COOKIE}=${value}; ${key ? '' : 'Max-Age=0; '}${attributes}`)
}
