// The message of a webhook: a run has ended, and how.

import type { AsyncRun, Webhook } from '../run/async-run.ts'
import { jsonBytes } from '../run/json-bytes.ts'

/** The message as it is sent: the same in every attempt. */
export interface WebhookMessage extends Webhook {
  /** The run's id: a receiver can drop a message that comes twice. */
  id: string
  /** JSON. */
  body: Uint8Array
}

export async function runEnded(run: AsyncRun, { url, secret }: Webhook): Promise<WebhookMessage> {
  const timestamp = run.endedAt ?? new Date().toISOString()
  // The JSON of the run exists already, so no object is made around the run.
  const body = Buffer.concat([
    Buffer.from(`{"type":"run.ended","timestamp":"${timestamp}","data":`),
    await jsonBytes(run),
    Buffer.from('}'),
  ])
  return { id: run.id, url, secret, body }
}
