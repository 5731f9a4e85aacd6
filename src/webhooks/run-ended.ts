// What a webhook is told: that a run has ended, and how.

import type { AsyncRun, Webhook } from '../run/async-run.ts'
import { jsonBytes } from '../run/json-bytes.ts'

/** What is sent, whole and ready: every attempt sends the same. */
export interface WebhookMessage extends Webhook {
  /** The run's: a receiver can drop what comes twice. */
  id: string
  /** JSON. */
  body: Uint8Array
}

export async function runEnded(run: AsyncRun, { url, secret }: Webhook): Promise<WebhookMessage> {
  const timestamp = run.endedAt ?? new Date().toISOString()
  // Not an object around the run: the JSON of the run itself is there already.
  const body = Buffer.concat([
    Buffer.from(`{"type":"run.ended","timestamp":"${timestamp}","data":`),
    await jsonBytes(run),
    Buffer.from('}'),
  ])
  return { id: run.id, url, secret, body }
}
