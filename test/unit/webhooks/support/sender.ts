// A sender whose receivers are on loopback, with its log.

import { expect, onTestFinished, vi } from 'vitest'
import {
  WebhookSender,
  type WebhookSenderOptions,
} from '../../../../src/webhooks/webhook-sender.ts'
import { memoryLog } from '../../support/app.ts'
import { endedRun, LOOPBACK, SECRET } from './messages.ts'

/** What a sender counts that has done nothing. */
export const NONE = { delivered: 0, failed: 0, retried: 0, dropped: 0, queued: 0 }

/** A sender that is closed when the test ends; it pauses for a millisecond unless it is told otherwise. */
export function openSender(options: Partial<WebhookSenderOptions> = {}) {
  const { logger, lines } = memoryLog()
  const sender = new WebhookSender({
    ...{ isAllowed: LOOPBACK, version: '1', logger, pauseMs: () => 1 },
    ...options,
  })
  onTestFinished(() => sender.close(0))
  const add = (url: string, id?: string, owner = 'key:one') =>
    sender.add(endedRun(id), { url, secret: SECRET }, owner)
  return { sender, add, log: () => lines.map((line) => JSON.parse(line)) }
}

/** Waits until every message has come to its end. */
export function hasEnded(sender: WebhookSender): Promise<void> {
  return vi.waitFor(() => expect(sender.counts.queued).toBe(0), { timeout: 4000, interval: 5 })
}
