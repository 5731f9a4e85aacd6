// What a webhook is told: that a run has ended, and how.

import type { AsyncRun, Webhook } from '../async-runs/async-runs.ts'

/** What is sent, whole and ready: every attempt sends the same. */
export interface WebhookMessage extends Webhook {
  /** The run's: a receiver can drop what comes twice. */
  id: string
  /** JSON. */
  body: string
}

export function runEnded(run: AsyncRun, { url, secret }: Webhook): WebhookMessage {
  const timestamp = run.endedAt ?? new Date().toISOString()
  return {
    id: run.id,
    url,
    secret,
    body: JSON.stringify({ type: 'run.ended', timestamp, data: run }),
  }
}
