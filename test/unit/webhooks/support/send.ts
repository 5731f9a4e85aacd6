// Attempts to tell receivers on loopback.

import { type SendEnd, type SendOptions, sendWebhook } from '../../../../src/webhooks/send.ts'
import { LOOPBACK, message } from './messages.ts'
import { type Respond, receiver } from './receiver.ts'

export function send(url: string, options: Partial<SendOptions> = {}): Promise<SendEnd> {
  return sendWebhook(message(url), { isAllowed: LOOPBACK, version: '1.2.3', ...options })
}

/** How an attempt ends whose receiver answers so. */
export async function endOf(
  respond: Respond,
  options: Partial<SendOptions> = {},
): Promise<SendEnd> {
  const { url } = await receiver(respond)
  return send(url, options)
}
