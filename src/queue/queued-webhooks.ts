// Tells webhooks of runs that ended, whichever server ends meanwhile: what is to be told is in BullMQ's keeping.

import {
  Worker as BullWorker,
  DelayedError,
  type Job,
  Queue,
  UnrecoverableError,
  WaitingError,
} from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { settlesWithin } from '../settles-within.ts'
import { Tally } from '../tally.ts'
import { backoffMs, MAX_ATTEMPTS } from '../webhooks/backoff.ts'
import { runEnded } from '../webhooks/run-ended.ts'
import { type SendOptions, sendWebhook } from '../webhooks/send.ts'
import type { WebhookCounts } from '../webhooks/webhook-sender.ts'
import { bullPrefix } from './jobs.ts'
import type { RunQueue } from './run-queue.ts'
import { toAsyncRun } from './stored-run.ts'

const NAME = 'webhooks'
/** How many one server tells at once, and of these at one host: a slow one must not keep the others waiting. */
const CONCURRENCY = 8
const HOST_CONCURRENCY = 2
/** How long a message waits at least whose host is told that many, in milliseconds; up to twice as long. */
const HOST_PAUSE_MS = 500
/** How long one that was told is remembered, in seconds, and how many are: an end may be handed out twice. */
const REMEMBERED = { age: 120, count: 10_000 }
/** How long what is at its end may take to be written down, in milliseconds: where Redis is away, that is for ever. */
const LAST_WORDS_MS = 1000

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
  /** Attempts that go on, by host. */
  readonly #hosts = new Tally()
  readonly #counts = { delivered: 0, failed: 0, retried: 0, dropped: 0 }

  constructor(options: QueuedWebhooksOptions) {
    this.#options = options
    const { queue, redis, prefix, logger, pauseMs = backoffMs } = options
    this.#jobs = new Queue(NAME, { connection: queue.redis, prefix: bullPrefix(prefix) })
    this.#worker = new BullWorker<WebhookJob>(NAME, (job) => this.#tell(job), {
      ...{ connection: redis, prefix: bullPrefix(prefix), concurrency: CONCURRENCY },
      maxStalledCount: MAX_ATTEMPTS, // servers that were lost in the middle of it
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

  /** Those of this server. */
  get counts(): Omit<WebhookCounts, 'queued'> {
    return { ...this.#counts }
  }

  /** How many have no end yet, of all servers. */
  queued(): Promise<number> {
    return this.#jobs.getJobCountByTypes('wait', 'active', 'delayed')
  }

  /** Takes a run's end. The same one again changes nothing. */
  async add(id: string): Promise<void> {
    await this.#jobs.add(
      'tell',
      { id },
      {
        ...{ jobId: `webhook-${id}`, attempts: MAX_ATTEMPTS, backoff: { type: 'custom' } },
        ...{ removeOnComplete: REMEMBERED, removeOnFail: { age: 3600 } },
      },
    )
  }

  /** What goes on has so long to end. What is not told then is told by another server, or by this one later. */
  async close(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this.#ending.abort(), timeoutMs)
    const closed = Promise.all([this.#worker.close(), this.#jobs.close()])
    await settlesWithin(closed, timeoutMs + LAST_WORDS_MS).catch(() => {})
    clearTimeout(timer)
    this.#options.redis.disconnect()
  }

  async #tell(job: Job<WebhookJob>): Promise<void> {
    const { id } = job.data
    const { queue, send, logger } = this.#options
    const run = await queue.find(id)
    const ending = run && (await queue.ending(id))
    // It was forgotten before its webhook could be told.
    if (!run?.meta.webhook || !ending) {
      this.#counts.dropped += 1
      return
    }
    const message = await runEnded(toAsyncRun(id, run, ending), run.meta.webhook)
    const host = new URL(message.url).hostname
    const end = await this.#at(host, job, () =>
      sendWebhook(message, { ...send, signal: this.#ending.signal }),
    )
    // It was this server's end that ended the attempt, which is none then: the next server makes it.
    if (end.end === 'retry' && this.#ending.signal.aborted) {
      await job.moveToWait(job.token)
      throw new WaitingError()
    }
    if (end.end === 'failed') throw new UnrecoverableError(end.reason)
    if (end.end === 'retry') throw new Again(end.reason, end.retryAfterMs)
    this.#counts.delivered += 1
    logger.info({ run: id, host, status: end.status }, 'a webhook was told')
  }

  /** Makes an attempt, or puts it off where the host is told of too many already. */
  async #at<T>(host: string, job: Job<WebhookJob>, attempt: () => Promise<T>): Promise<T> {
    if (this.#hosts.of(host) >= HOST_CONCURRENCY) {
      await job.moveToDelayed(Date.now() + HOST_PAUSE_MS * (1 + Math.random()), job.token)
      throw new DelayedError()
    }
    return this.#hosts.during(host, attempt)
  }
}
