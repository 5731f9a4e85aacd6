// Where a redirect leads a webhook.

import { urlProblem } from './webhook-schema.ts'

/** Undefined where it may not: from TLS to none, or to what could not be the address of a webhook. */
export function redirectTarget(from: URL, location: unknown): URL | undefined {
  if (typeof location !== 'string' || !URL.canParse(location, from.href)) return undefined
  const target = new URL(location, from)
  target.hash = ''
  const isDowngrade = from.protocol === 'https:' && target.protocol !== 'https:'
  return isDowngrade || urlProblem(target.href) ? undefined : target
}
