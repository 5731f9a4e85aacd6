// Sends webhooks of finished runs: retries, within limits, and never delays or fails a run.

import { setMaxListeners } from 'node:events'
import type { Logger } from 'pino'
import { hasRoom } from '../admission/fair-share.ts'
import { Tally } from '../admission/tally.ts'
import type { AsyncRun, Webhook } from '../run/async-run.ts'
import { pause } from '../waits/pause.ts'
import { AttemptTurns, hostOf } from './attempt-slots.ts'
import { backoffMs, MAX_ATTEMPTS } from './backoff.ts'
import { runEnded, type WebhookMessage } from './run-ended.ts'
import { type SendOptions, sendWebhook } from './send.ts'

/** Most open messages, and most bytes in them; no client can have all of either. */
const MAX_QUEUED = 1000
const MAX_QUEUED_BYTES = 64 * 1024 * 1024

export interface WebhookSenderOptions extends Omit<SendOptions, 'signal'> {
  logger: Logger
  /** The pause after an attempt, in milliseconds. */
  pauseMs?: (attempt: number, askedMs: number) => number
  maxQueued?: number
  maxQueuedBytes?: number
}

/** The numbers of messages; `queued` are open, and `retried` counts attempts. */
export interface WebhookCounts {
  delivered: number
  failed: number
  retried: number
  dropped: number
  queued: number
}

export class WebhookSender {
  readonly #options: WebhookSenderOptions
  readonly #turns = new AttemptTurns()
  readonly #deliveries = new Set<Promise<void>>()
  /** Open messages of each client, and their bytes. */
  readonly #queued = new Tally()
  readonly #queuedBytes = new Tally()
  readonly #counts = { delivered: 0, failed: 0, retried: 0, dropped: 0 }
  /** Ends pauses, and prevents further attempts. */
  readonly #closing = new AbortController()
  /** Ends attempts. */
  readonly #ending = new AbortController()

  constructor(options: WebhookSenderOptions) {
    this.#options = options
    setMaxListeners(0, this.#closing.signal, this.#ending.signal) // one for each message
  }

  get counts(): WebhookCounts {
    return { ...this.#counts, queued: this.#deliveries.size }
  }

  /** Takes a client's finished run. If too many messages wait it is dropped and counted. */
  add(run: AsyncRun, webhook: Webhook, owner: string): void {
    const { maxQueued = MAX_QUEUED } = this.#options
    const room = { own: this.#queued.of(owner), more: 1, free: maxQueued - this.#queued.total }
    if (this.#closing.signal.aborted || !hasRoom(room)) {
      this.#drop({ id: run.id, url: webhook.url })
      return
    }
    const delivery = this.#queued
      .during(owner, () => this.#take(run, webhook, owner))
      .finally(() => this.#deliveries.delete(delivery))
    this.#deliveries.add(delivery)
  }

  /** Begins no further attempt, and gives current ones `timeoutMs` milliseconds. Other messages are dropped. */
  async close(timeoutMs: number): Promise<void> {
    this.#closing.abort()
    const timer = setTimeout(() => this.#ending.abort(), timeoutMs)
    await Promise.all(this.#deliveries)
    clearTimeout(timer)
  }

  async #take(run: AsyncRun, webhook: Webhook, owner: string): Promise<void> {
    const { maxQueuedBytes = MAX_QUEUED_BYTES } = this.#options
    const message = await runEnded(run, webhook)
    const { length: more } = message.body
    const free = maxQueuedBytes - this.#queuedBytes.total
    if (!hasRoom({ own: this.#queuedBytes.of(owner), more, free })) return this.#drop(message)
    await this.#queuedBytes.during(owner, () => this.#deliver(message, owner), more)
  }

  async #deliver(message: WebhookMessage, owner: string): Promise<void> {
    const { logger, pauseMs = backoffMs } = this.#options
    const host = hostOf(message)
    for (let attempt = 1; ; attempt += 1) {
      const end = await this.#turns.run({ owner, host }, async () => {
        if (this.#closing.signal.aborted) return undefined
        return sendWebhook(message, { ...this.#options, signal: this.#ending.signal })
      })
      if (!end) return this.#drop(message)
      const { status } = end
      const line = { run: message.id, host, status, attempt }
      if (end.end === 'delivered') {
        this.#counts.delivered += 1
        return logger.info(line, 'a webhook was delivered')
      }
      if (end.end === 'failed' || attempt === MAX_ATTEMPTS) {
        this.#counts.failed += 1
        return logger.warn({ ...line, reason: end.reason }, 'a webhook could not be delivered')
      }
      if (this.#closing.signal.aborted) return this.#drop(message)
      this.#counts.retried += 1
      const waitMs = pauseMs(attempt, end.retryAfterMs)
      logger.info({ ...line, reason: end.reason, waitMs }, 'a webhook will be tried again')
      await pause(waitMs, this.#closing.signal)
    }
  }

  #drop(message: Pick<WebhookMessage, 'id' | 'url'>): void {
    this.#counts.dropped += 1
    const line = { run: message.id, host: hostOf(message) }
    this.#options.logger.warn(line, 'a webhook is dropped: too many wait, or the server ends')
  }
}
