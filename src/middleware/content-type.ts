// Refuses bodies of a type that a route does not read.

import type { MiddlewareHandler } from 'hono'
import { Refusal } from '../run/refusal.ts'

/**
 * `allowed` are the accepted media types, in lower case, without parameters.
 * @throws {Refusal} `unsupported_media_type`
 */
export function contentType(...allowed: string[]): MiddlewareHandler {
  return async function contentType(c, next) {
    const mediaType = c.req.header('Content-Type')?.split(';')[0]?.trim().toLowerCase()
    if (!mediaType || !allowed.includes(mediaType)) {
      throw new Refusal('unsupported_media_type', `Content-Type: must be ${allowed.join(' or ')}`)
    }
    const encoding = c.req.header('Content-Encoding')?.toLowerCase() ?? 'identity'
    if (encoding !== 'identity') {
      throw new Refusal('unsupported_media_type', 'Content-Encoding: must be absent')
    }
    await next()
  }
}
