// What a receiver of webhooks does to tell whose they are, by the specification alone: nothing of src/ is used.

import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Whether a message carries the signature of "Standard Webhooks" 1.0; headers have lower-case names. */
export function isSigned(
  headers: IncomingHttpHeaders | Record<string, string>,
  body: string | Uint8Array,
  secret: string,
): boolean {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : secret
  const hmac = createHmac('sha256', key)
    .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`)
    .update(body)
  return headers['webhook-signature'] === `v1,${hmac.digest('base64')}`
}
