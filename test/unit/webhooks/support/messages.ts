// Runs that ended, and messages about them.

import type { AsyncRun } from '../../../../src/run/async-run.ts'
import { addressFilter } from '../../../../src/webhooks/address-filter.ts'
import type { WebhookMessage } from '../../../../src/webhooks/run-ended.ts'

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** Loopback, which is where receivers of tests are. */
export const LOOPBACK = addressFilter(['127.0.0.0/8'])

export function endedRun(id = 'run-1'): AsyncRun {
  return {
    id,
    state: 'cancelled',
    environment: 'python',
    createdAt: '2026-01-31T12:00:00.000Z',
    startedAt: '2026-01-31T12:00:01.000Z',
    endedAt: '2026-01-31T12:00:02.000Z',
    expiresAt: '2026-01-31T13:00:02.000Z',
    attempts: 1,
    result: null,
    refusal: { code: 'cancelled', error: 'The client hung up' },
  }
}

export function message(url: string): WebhookMessage {
  return { id: 'run-1', url, secret: SECRET, body: Buffer.from('{"type":"run.ended"}') }
}
