// What was thrown while a page was made, which is to be shown on it.

import type { Context } from 'hono'
import type { AppEnv } from '../middleware/app-env.ts'
import { type Refusal, toRefusal } from '../run/refusal.ts'

/** Told of every refusal before it is shown. */
export type OnRefusal = (refusal: Refusal, requestId: string) => void

/** The refusal that a page has to show; its header fields are set already. */
export function pageRefusal(error: unknown, c: Context<AppEnv>, onRefusal: OnRefusal): Refusal {
  const refusal = toRefusal(error, c.req.raw.signal)
  onRefusal(refusal, c.get('requestId'))
  for (const [name, value] of Object.entries(refusal.headers)) c.header(name, value)
  return refusal
}
