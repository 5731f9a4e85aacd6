// The target of a redirect.

import { urlProblem } from './webhook-schema.ts'

/** Undefined if it is not allowed: from https to http, or to a URL that no webhook may have. */
export function redirectTarget(from: URL, location: unknown): URL | undefined {
  if (typeof location !== 'string' || !URL.canParse(location, from.href)) return undefined
  const target = new URL(location, from)
  target.hash = ''
  const isDowngrade = from.protocol === 'https:' && target.protocol !== 'https:'
  return isDowngrade || urlProblem(target.href) ? undefined : target
}
