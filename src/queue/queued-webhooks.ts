// Sends webhooks of finished runs, also if a server ends meanwhile: their state is in Redis, and BullMQ hands out those
// that may be sent.

import { setMaxListeners } from 'node:events'
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
import type { Webhook } from '../run/async-run.ts'
import { settlesWithin } from '../waits/settles-within.ts'
import { AttemptSlots, hostOf, SLOTS } from '../webhooks/attempt-slots.ts'
import { backoffMs, MAX_ATTEMPTS } from '../webhooks/backoff.ts'
import { runEnded } from '../webhooks/run-ended.ts'
import { type SendOptions, sendWebhook } from '../webhooks/send.ts'
import type { WebhookCounts } from '../webhooks/webhook-sender.ts'
import type { RunQueue } from './run-queue.ts'
import { type StoredRun, toAsyncRun } from './stored-run.ts'
import * as scripts from './webhook-scripts.ts'

const NAME = 'webhooks'
/** First and longest pause of a webhook whose client has no slot on this server, in milliseconds; up to twice as long. */
const PUT_OFF_MS = 500
const LAST_PUT_OFF_MS = 15_000
/** How long a delivered or failed webhook is remembered, in seconds: its run's end may be handed out twice. */
const REMEMBERED_SECONDS = 120
/** Which part of the memory for results webhooks may keep. */
const HELD_PART = 0.5
/** How long the last commands may take when the server ends, in milliseconds: if Redis is away, they never finish. */
const LAST_WORDS_MS = 1000
/** How long a webhook waits whose host or client has no slot, in milliseconds: it is promoted earlier, or too old by then. */
const PARKED_MS = 60 * 60_000

const BOUNDS = {
  /** Most open webhooks: some 500 bytes each in Redis. */
  maxOpen: 10_000,
  /**
   * How long a webhook may be open, in milliseconds: five attempts of ten seconds, and four pauses of five minutes each,
   * if a receiver asks for them, are 21 minutes.
   */
  lastWordMs: 30 * 60_000,
  /** How often overdue webhooks and lost jobs are looked for, in milliseconds. */
  lookMs: 5000,
  /** How many delivered and how many failed webhooks are remembered: some 1.5 KB each in Redis. */
  remembered: 1000,
}

/** The data of a job: the rest is looked up, so that Redis keeps none of it for longer than the run. */
interface WebhookJob {
  id: string
  /** For the log. Jobs of 0.1.0 have none. */
  host?: string | undefined
}

export interface QueuedWebhooksOptions {
  queue: RunQueue
  /** A connection of its own, on which commands may block. */
  redis: Redis
  logger: Logger
  /** How much memory all kept results may take in Redis, estimated. */
  maxKeptBytes: number
  send: Omit<SendOptions, 'signal'>
  /** The pause after an attempt, in milliseconds. */
  pauseMs?: (attempt: number, askedMs: number) => number
  /** Other limits, for tests. */
  bounds?: Partial<typeof BOUNDS>
}

export class QueuedWebhooks {
  readonly #options: QueuedWebhooksOptions
  readonly #bounds: typeof BOUNDS
  readonly #jobs: Queue<WebhookJob>
  readonly #worker: BullWorker<WebhookJob>
  readonly #ending = new AbortController()
  /** The attempts of this server. */
  readonly #slots = new AttemptSlots()
  readonly #counts = { delivered: 0, failed: 0, retried: 0, dropped: 0 }
  readonly #timer: NodeJS.Timeout
  /** Commands whose end only `close` waits for. */
  #writing: Promise<unknown> = Promise.resolve()

  constructor(options: QueuedWebhooksOptions) {
    this.#options = options
    this.#bounds = { ...BOUNDS, ...options.bounds }
    setMaxListeners(0, this.#ending.signal) // one for each attempt
    const { queue, redis, logger, pauseMs = backoffMs } = options
    const prefix = queue.key('bull')
    this.#jobs = new Queue(NAME, { connection: queue.redis, prefix })
    this.#worker = new BullWorker<WebhookJob>(NAME, (job) => this.#take(job), {
      connection: redis,
      prefix,
      concurrency: SLOTS,
      maxStalledCount: MAX_ATTEMPTS, // servers that were lost during an attempt
      settings: {
        backoffStrategy: (attempt = 1, _, error) =>
          pauseMs(attempt, typeof error?.cause === 'number' ? error.cause : 0),
      },
    })
    this.#worker.on('failed', (job, { message: reason }) => this.#onFailed(job, reason))
    const onError = (error: Error) => logger.debug({ err: error }, 'webhooks can’t be read')
    this.#jobs.on('error', onError)
    this.#worker.on('error', onError)
    this.#timer = setInterval(() => this.#write(this.#look()), this.#bounds.lookMs)
  }

  /** The counts of this server. */
  get counts(): Omit<WebhookCounts, 'queued'> {
    return { ...this.#counts }
  }

  /** How many webhooks of all servers are open. */
  queued(): Promise<number> {
    const { queue } = this.#options
    return queue.redis.zcard(queue.key('hooks:open'))
  }

  /**
   * Takes a finished run; a second call changes nothing. Resolves with whether the result is kept until its webhook was
   * delivered or given up.
   */
  async add({ id, owner }: StoredRun, webhook: Webhook): Promise<boolean> {
    const { queue, maxKeptBytes } = this.#options
    const { maxOpen, lastWordMs } = this.#bounds
    const host = hostOf(webhook)
    const size = await queue.redis.hget(queue.key('kept:size'), id)
    const bytes = Number.parseInt(size ?? '0', 10)
    const [turn, isHeld] = await queue.run(
      scripts.open,
      ...[id, owner, host, bytes, lastWordMs, maxOpen, maxKeptBytes * HELD_PART],
    )
    if (turn === 'full') this.#drop({ id, host }, 'too many wait')
    if (turn === 'queue') await this.#enqueue([[id, host]])
    return isHeld === 1
  }

  /** Gives current attempts `timeoutMs` milliseconds. Other servers, or this one later, send what is open then. */
  async close(timeoutMs: number): Promise<void> {
    clearInterval(this.#timer)
    const timer = setTimeout(() => this.#ending.abort(), timeoutMs)
    const closed = this.#worker
      .close()
      .then(() => this.#writing)
      .then(() => this.#jobs.close())
    await settlesWithin(closed, timeoutMs + LAST_WORDS_MS).catch(() => {})
    clearTimeout(timer)
    this.#options.redis.disconnect()
  }

  /** Adds jobs. A job that exists is not changed, but its delay ends. */
  async #enqueue(hooks: readonly scripts.Hook[]): Promise<void> {
    if (hooks.length === 0) return
    const kept = { age: REMEMBERED_SECONDS, count: this.#bounds.remembered }
    const jobs = await this.#jobs.addBulk(
      hooks.map(([id, host]) => ({
        name: 'tell',
        data: { id, host },
        opts: {
          jobId: jobId(id),
          attempts: MAX_ATTEMPTS,
          backoff: { type: 'custom' },
          removeOnComplete: kept,
          removeOnFail: kept,
          stackTraceLimit: 0,
        },
      })),
    )
    // For webhooks that were parked between two attempts. Others are not delayed, which is an error here.
    await Promise.all(jobs.map((job) => job.promote().catch(() => {})))
  }

  /** Sends the webhook of a job. Its result is not read before there is a slot for the attempt. */
  async #take(job: Job<WebhookJob>): Promise<void> {
    const { queue } = this.#options
    const { id } = job.data
    const run = await queue.find(id)
    const webhook = run?.meta.webhook
    if (!run || !webhook) return this.#forgotten(job.data)
    if ((await queue.run(scripts.resume, id)) === 0) return putOff(job, PARKED_MS)
    const addressed = { owner: run.owner, host: hostOf(webhook) }
    const times = job.attemptsStarted - 1 - job.attemptsMade
    if (!this.#slots.hasRoom(addressed)) return putOff(job, putOffMs(times))
    await this.#slots.during(addressed, () => this.#send(job, run, webhook))
  }

  async #send(job: Job<WebhookJob>, run: StoredRun, webhook: Webhook): Promise<void> {
    const { id } = job.data
    const { queue, send, logger } = this.#options
    const ending = await queue.ending(id)
    if (!ending) return this.#forgotten(job.data)
    const message = await runEnded(toAsyncRun(run, ending), webhook)
    const end = await sendWebhook(message, { ...send, signal: this.#ending.signal })
    // This server ended the attempt, so it does not count: the next server makes it.
    if (end.end === 'retry' && this.#ending.signal.aborted) {
      await job.moveToWait(job.token)
      throw new WaitingError()
    }
    if (end.end === 'failed') throw new UnrecoverableError(end.reason)
    // The pause that the receiver asks for is the error's cause.
    if (end.end === 'retry') throw new Error(end.reason, { cause: end.retryAfterMs })
    this.#counts.delivered += 1
    logger.info({ run: id, host: hostOf(webhook), status: end.status }, 'a webhook was delivered')
    await this.#lastWord(id)
  }

  #onFailed(job: Job<WebhookJob> | undefined, reason: string): void {
    const { logger, queue } = this.#options
    const { id, host } = job?.data ?? {}
    const line = { run: id, host, attempt: job?.attemptsMade, reason }
    if (!job || job.finishedOn !== undefined) {
      this.#counts.failed += 1
      logger.warn(line, 'a webhook could not be delivered')
      if (id) this.#write(this.#lastWord(id))
    } else {
      this.#counts.retried += 1
      logger.info(line, 'a webhook will be tried again')
      this.#write(queue.run(scripts.release, job.data.id).then((next) => this.#enqueue(next)))
    }
  }

  /** Its run is gone, or its webhook. */
  async #forgotten(job: WebhookJob): Promise<void> {
    this.#drop(job, 'its run is forgotten')
    await this.#lastWord(job.id)
  }

  #drop({ id, host }: WebhookJob, reason: string): void {
    this.#counts.dropped += 1
    this.#options.logger.warn({ run: id, host, reason }, 'a webhook is dropped')
  }

  /** Lets the result go, and gives the slots to other webhooks. If this fails, `look` does it. */
  async #lastWord(id: string): Promise<void> {
    const { queue, logger } = this.#options
    try {
      await queue.seen(id)
      await this.#enqueue(await queue.run(scripts.close, id))
    } catch (error) {
      logger.debug({ err: error }, 'the end of a webhook could not be written down')
    }
  }

  /**
   * Drops overdue webhooks, and adds lost jobs: a server may have been lost just before it added one, or just after it
   * ended one; and one of 0.1.0 does not close its webhooks.
   */
  async #look(): Promise<void> {
    const { queue } = this.#options
    const [over, next] = await queue.run(scripts.overdue)
    await this.#enqueue(next)
    for (const [id, host] of over) {
      this.#drop({ id, host }, 'it could not be delivered in time')
      await queue.seen(id)
      await this.#jobs.remove(jobId(id)).catch(() => {}) // if an attempt goes on
    }
    for (const [id, host, state] of await queue.run(scripts.unsure, this.#bounds.lookMs)) {
      const job = await this.#jobs.getJob(jobId(id))
      const isLost = !job || (state === 'admitted' && (await job.isDelayed()))
      if (job?.finishedOn !== undefined) await this.#lastWord(id)
      else if (isLost) await this.#enqueue([[id, host]])
    }
  }

  /** Continues with commands that only `close` waits for. */
  #write(written: Promise<void>): void {
    const { logger } = this.#options
    const done = written.catch((error) => {
      logger.debug({ err: error }, 'webhooks could not be written down')
    })
    this.#writing = Promise.all([this.#writing, done])
  }
}

/** Delays a job by so many milliseconds. */
async function putOff(job: Job, ms: number): Promise<never> {
  await job.moveToDelayed(Date.now() + ms, job.token)
  throw new DelayedError()
}

/** The delay of a job that was put off so many times before, in milliseconds. `random` is from 0 to 1. */
export function putOffMs(times: number, random = Math.random()): number {
  return Math.min(PUT_OFF_MS * 2 ** times, LAST_PUT_OFF_MS) * (1 + random)
}

function jobId(id: string): string {
  return `webhook-${id}`
}
