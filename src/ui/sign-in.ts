// The key of a browser's user, in a cookie that lasts until the browser is closed.

import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import { Refusal } from '../run/refusal.ts'

/** Name of the cookie, which scripts can't read and other sites can't send. */
const COOKIE = 'safe-code-executor-key'
/** Longest key, in characters: browsers keep no cookie of more than 4 KB. */
const MAX_KEY_LENGTH = 1024

/** The key of the user who signed in, on this page or on another in its folder. */
export function signedInKey(c: Context): string | undefined {
  return getCookie(c, COOKIE)
}

/**
 * Signs in with a key, or out without one. The cookie has no path, so it is for the page's folder, wherever a proxy has put
 * it.
 * @throws {Refusal} `invalid_request` if the key is too long.
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
