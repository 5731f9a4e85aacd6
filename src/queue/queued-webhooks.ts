// Tells webhooks of runs that ended, whichever server ends meanwhile: what is to be told is in BullMQ's keeping.

import { Worker as BullWorker, Queue, UnrecoverableError } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { backoffMs, MAX_ATTEMPTS } from '../webhooks/backoff.ts'
import { runEnded } from '../webhooks/run-ended.ts'
import { type SendOptions, sendWebhook } from '../webhooks/send.ts'
import type { WebhookCounts } from '../webhooks/webhook-sender.ts'
import { bullPrefix, type RunQueue } from './run-queue.ts'
import { toAsyncRun } from './stored-run.ts'

const NAME = 'webhooks'
/** How many one server tells at once. */
const CONCURRENCY = 8

/** What a job has: the run is looked up, so that nothing of it is kept for longer than the run. */
interface WebhookJob {
  id: string
}

/** The receiver could not be told this time. */
class Again extends Error {
  readonly retryAfterMs: number

  constructor(reason: string, retryAfterMs: number) {
    super(reason)
    this.retryAfterMs = retryAfterMs
  }
}

export interface QueuedWebhooksOptions {
  queue: RunQueue
  /** A connection for this alone, which may wait. */
  redis: Redis
  prefix: string
  logger: Logger
  send: Omit<SendOptions, 'signal'>
  /** The pause after an attempt, in milliseconds. */
  pauseMs?: (attempt: number, askedMs: number) => number
}

export class QueuedWebhooks {
  readonly #options: QueuedWebhooksOptions
  readonly #jobs: Queue<WebhookJob>
  readonly #worker: BullWorker<WebhookJob>
  readonly #ending = new AbortController()
  readonly #counts = { delivered: 0, failed: 0, retried: 0, dropped: 0 }

  constructor(options: QueuedWebhooksOptions) {
    this.#options = options
    const { queue, redis, prefix, logger, pauseMs = backoffMs } = options
    this.#jobs = new Queue(NAME, { connection: queue.redis, prefix: bullPrefix(prefix) })
    this.#worker = new BullWorker<WebhookJob>(NAME, (job) => this.#tell(job.data.id), {
      ...{ connection: redis, prefix: bullPrefix(prefix), concurrency: CONCURRENCY },
      settings: {
        backoffStrategy: (attempt, _, error) =>
          pauseMs(attempt ?? 1, error instanceof Again ? error.retryAfterMs : 0),
      },
    })
    this.#worker.on('failed', (job, { message: reason }) => {
      const isLast = !job || job.finishedOn !== undefined
      if (isLast) this.#counts.failed += 1
      else this.#counts.retried += 1
      const line = { run: job?.data.id, attempt: job?.attemptsMade, reason }
      if (isLast) logger.warn(line, 'a webhook could not be told')
      else logger.info(line, 'a webhook will be tried again')
    })
    const onError = (error: Error) => logger.debug({ err: error }, 'webhooks can’t be read')
    this.#jobs.on('error', onError)
    this.#worker.on('error', onError)
  }

  /** Those of this server; what waits is everybody's, and is not counted here. */
  get counts(): WebhookCounts {
    return { ...this.#counts, queued: 0 }
  }

  /** Takes a run's end. The same one again changes nothing. */
  async add(id: string): Promise<void> {
    await this.#jobs.add(
      'tell',
      { id },
      {
        ...{ jobId: `webhook-${id}`, attempts: MAX_ATTEMPTS, backoff: { type: 'custom' } },
        ...{ removeOnComplete: true, removeOnFail: { age: 3600 } },
      },
    )
  }

  /** What goes on has so long to end. What is not told then is told by another server, or by this one later. */
  async close(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this.#ending.abort(), timeoutMs)
    await this.#worker.close().catch(() => {})
    clearTimeout(timer)
    await this.#jobs.close().catch(() => {})
    this.#options.redis.disconnect()
  }

  async #tell(id: string): Promise<void> {
    const { queue, send, logger } = this.#options
    const run = await queue.find(id)
    const ending = run && (await queue.ending(id))
    // It was forgotten before its webhook could be told.
    if (!run?.meta.webhook || !ending) {
      this.#counts.dropped += 1
      return
    }
    const message = runEnded(toAsyncRun(id, run, ending), run.meta.webhook)
    const end = await sendWebhook(message, { ...send, signal: this.#ending.signal })
    if (end.end === 'failed') throw new UnrecoverableError(end.reason)
    if (end.end === 'retry') throw new Again(end.reason, end.retryAfterMs)
    this.#counts.delivered += 1
    const host = new URL(message.url).hostname
    logger.info({ run: id, host, status: end.status }, 'a webhook was told')
  }
}
