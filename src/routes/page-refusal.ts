// An error in making a page, as the refusal that the page shows.

import type { Context } from 'hono'
import type { AppEnv } from '../middleware/app-env.ts'
import { type Refusal, toRefusal } from '../run/refusal.ts'

/** Called for every refusal before it is shown. */
export type OnRefusal = (refusal: Refusal, requestId: string) => void

/** The refusal that the page shows; sets its header fields. */
export function pageRefusal(error: unknown, c: Context<AppEnv>, onRefusal: OnRefusal): Refusal {
  const refusal = toRefusal(error, c.req.raw.signal)
  onRefusal(refusal, c.get('requestId'))
  for (const [name, value] of Object.entries(refusal.headers)) c.header(name, value)
  return refusal
}
