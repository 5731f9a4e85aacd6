// Tells webhooks of runs that ended, whichever server ends meanwhile: what is to be told is in Redis, and BullMQ hands out
// what has its turn.

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
import { type Addressed, AttemptPlaces, hostOf, PLACES } from '../webhooks/attempt-places.ts'
import { backoffMs, MAX_ATTEMPTS } from '../webhooks/backoff.ts'
import { runEnded } from '../webhooks/run-ended.ts'
import { type SendOptions, sendWebhook } from '../webhooks/send.ts'
import type { WebhookCounts } from '../webhooks/webhook-sender.ts'
import { bullPrefix } from './jobs.ts'
import type { RunQueue } from './run-queue.ts'
import { toAsyncRun } from './stored-run.ts'
import { type Hook, WebhookLine } from './webhook-line.ts'

const NAME = 'webhooks'
/** First and longest pause of a message whose client has no place on this server, in milliseconds; up to twice as long. */
const PUT_OFF_MS = 500
const LAST_PUT_OFF_MS = 15_000
/**
 * How long one that was told, or could not be, is remembered, in seconds, and how many are: an end may be handed out
 * twice. Some 1.5 KB each in Redis.
 */
const REMEMBERED = { age: 120, count: 1000 }
/** How often it is looked for webhooks that took too long or have lost their jobs, in milliseconds. */
const LOOK_MS = 5000
/** Which part of the memory for results webhooks may keep from being let go. */
const HELD_PART = 0.5
/** How long what is at its end may take to be written down, in milliseconds: where Redis is away, that is for ever. */
const LAST_WORDS_MS = 1000

/** How long a message waits whose host or client has no place, in milliseconds: for its turn, and longer than it may take in all. */
const PARKED_MS = 60 * 60_000

/** What a job has: the rest is looked up, so that nothing of it is kept for longer than the run. */
interface WebhookJob {
  id: string
  /** Asked before anything is looked up. Jobs of 0.1.0 have neither. */
  owner?: string | undefined
  host?: string | undefined
}

/** A run that ended, of which a webhook wants to know. */
export interface EndedRun {
  id: string
  owner: string
  webhook: Webhook
  /** What it takes in Redis, about. */
  bytes: number
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
  /** How much memory results that are kept may take in Redis, about. */
  maxKeptBytes: number
  send: Omit<SendOptions, 'signal'>
  /** The pause after an attempt, in milliseconds. */
  pauseMs?: (attempt: number, askedMs: number) => number
  /** Bounds, but for tests those above and of the line. */
  bounds?: { maxOpen?: number; lastWordMs?: number; lookMs?: number; remembered?: number }
}

export class QueuedWebhooks {
  readonly #options: QueuedWebhooksOptions
  readonly #line: WebhookLine
  readonly #jobs: Queue<WebhookJob>
  readonly #worker: BullWorker<WebhookJob>
  readonly #ending = new AbortController()
  /** Attempts that go on here. */
  readonly #places = new AttemptPlaces()
  readonly #counts = { delivered: 0, failed: 0, retried: 0, dropped: 0 }
  readonly #timer: NodeJS.Timeout
  /** What is being written down. */
  #writing: Promise<unknown> = Promise.resolve()

  constructor(options: QueuedWebhooksOptions) {
    this.#options = options
    setMaxListeners(0, this.#ending.signal) // one for each attempt
    const { queue, redis, prefix, logger, maxKeptBytes, pauseMs = backoffMs, bounds = {} } = options
    const { maxOpen, lastWordMs, lookMs = LOOK_MS } = bounds
    this.#line = new WebhookLine({
      redis: queue.redis,
      keyPrefix: queue.key(''),
      maxOpen,
      lastWordMs,
      maxHeldBytes: maxKeptBytes * HELD_PART,
    })
    this.#jobs = new Queue(NAME, { connection: queue.redis, prefix: bullPrefix(prefix) })
    this.#worker = new BullWorker<WebhookJob>(NAME, (job) => this.#take(job), {
      connection: redis,
      prefix: bullPrefix(prefix),
      concurrency: PLACES,
      maxStalledCount: MAX_ATTEMPTS, // servers that were lost in the middle of it
      settings: {
        backoffStrategy: (attempt, _, error) =>
          pauseMs(attempt ?? 1, error instanceof Again ? error.retryAfterMs : 0),
      },
    })
    this.#worker.on('failed', (job, { message: reason }) => this.#onFailed(job, reason))
    const onError = (error: Error) => logger.debug({ err: error }, 'webhooks can’t be read')
    this.#jobs.on('error', onError)
    this.#worker.on('error', onError)
    this.#timer = setInterval(() => this.#write(this.#look(lookMs)), lookMs)
  }

  /** Those of this server. */
  get counts(): Omit<WebhookCounts, 'queued'> {
    return { ...this.#counts }
  }

  /** How many have no end yet, of all servers. */
  queued(): Promise<number> {
    return this.#line.count()
  }

  /**
   * Takes a run's end. The same one again changes nothing. Resolves with whether the run is seen to later, when its webhook
   * has had its last word: it is not let go until then.
   */
  async add({ id, owner, webhook, bytes }: EndedRun): Promise<boolean> {
    const hook = { id, owner, host: hostOf(webhook) }
    const { turn, isHeld } = await this.#line.open(hook, bytes)
    if (turn === 'full') this.#drop(hook, 'too many wait')
    if (turn === 'queue') await this.#enqueue([hook])
    return isHeld
  }

  /** What goes on has so long to end. What is not told then is told by another server, or by this one later. */
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

  /** Adds jobs. One that is there already stays as it is, but waits for nothing more. */
  async #enqueue(hooks: readonly Hook[]): Promise<void> {
    if (hooks.length === 0) return
    const { bounds: { remembered: count = REMEMBERED.count } = {} } = this.#options
    const kept = { ...REMEMBERED, count }
    const jobs = await this.#jobs.addBulk(
      hooks.map((hook) => ({
        name: 'tell',
        data: { ...hook },
        opts: {
          jobId: jobId(hook.id),
          attempts: MAX_ATTEMPTS,
          backoff: { type: 'custom' },
          removeOnComplete: kept,
          removeOnFail: kept,
          stackTraceLimit: 0,
        },
      })),
    )
    // One that was parked between two attempts waits for this. All others are not delayed, which is an error here.
    await Promise.all(jobs.map((job) => job.promote().catch(() => {})))
  }

  /** Sees to a message that BullMQ hands out. Nothing of its result is read before there is a place for it. */
  async #take(job: Job<WebhookJob>): Promise<void> {
    const addressed = await this.#addressed(job.data)
    if (!addressed) return this.#forgotten(job.data)
    if (!(await this.#line.resume(job.data.id))) return putOff(job, PARKED_MS)
    const times = job.attemptsStarted - 1 - job.attemptsMade
    if (!this.#places.hasRoom(addressed)) return putOff(job, putOffMs(times))
    await this.#places.during(addressed, () => this.#tell(job, addressed))
  }

  async #tell(job: Job<WebhookJob>, { host }: Addressed): Promise<void> {
    const { id } = job.data
    const { queue, send, logger } = this.#options
    const run = await queue.find(id)
    const ending = run && (await queue.ending(id))
    if (!run?.meta.webhook || !ending) return this.#forgotten(job.data)
    const message = await runEnded(toAsyncRun(id, run, ending), run.meta.webhook)
    const end = await sendWebhook(message, { ...send, signal: this.#ending.signal })
    // It was this server's end that ended the attempt, which is none then: the next server makes it.
    if (end.end === 'retry' && this.#ending.signal.aborted) {
      await job.moveToWait(job.token)
      throw new WaitingError()
    }
    if (end.end === 'failed') throw new UnrecoverableError(end.reason)
    if (end.end === 'retry') throw new Again(end.reason, end.retryAfterMs)
    this.#counts.delivered += 1
    logger.info({ run: id, host, status: end.status }, 'a webhook was told')
    await this.#lastWord(id)
  }

  #onFailed(job: Job<WebhookJob> | undefined, reason: string): void {
    const { logger } = this.#options
    const isLast = !job || job.finishedOn !== undefined
    const { id, host } = job?.data ?? {}
    const line = { run: id, host, attempt: job?.attemptsMade, reason }
    if (isLast) {
      this.#counts.failed += 1
      logger.warn(line, 'a webhook could not be told')
      if (id) this.#write(this.#lastWord(id))
    } else {
      this.#counts.retried += 1
      logger.info(line, 'a webhook will be tried again')
      if (id) this.#write(this.#line.release(id).then((next) => this.#enqueue(next)))
    }
  }

  /** Its run is gone, or lets nobody know where its webhook is. */
  async #forgotten(job: WebhookJob): Promise<void> {
    this.#drop(job, 'its run is forgotten')
    await this.#lastWord(job.id)
  }

  #drop({ id, host }: Pick<WebhookJob, 'id' | 'host'>, reason: string): void {
    this.#counts.dropped += 1
    this.#options.logger.warn({ run: id, host, reason }, 'a webhook is not told')
  }

  /** Its result may be let go, and its places are another one's. Where this fails, `look` does it. */
  async #lastWord(id: string): Promise<void> {
    try {
      await this.#options.queue.seen(id)
      await this.#enqueue(await this.#line.close(id))
    } catch (error) {
      this.#options.logger.debug({ err: error }, 'the end of a webhook could not be written down')
    }
  }

  /**
   * Drops what took too long, and makes sure that others have their jobs: a server may have been lost just before it added
   * one, or just after it ended one; and one of 0.1.0 ends them without a last word.
   */
  async #look(ageMs: number): Promise<void> {
    const { over, next } = await this.#line.overdue()
    await this.#enqueue(next)
    for (const hook of over) {
      this.#drop(hook, 'it could not be told in time')
      await this.#options.queue.seen(hook.id)
      await this.#jobs.remove(jobId(hook.id)).catch(() => {}) // where an attempt goes on
    }
    for (const { hook, state } of await this.#line.unsure(ageMs)) {
      const job = await this.#jobs.getJob(jobId(hook.id))
      if (job?.finishedOn !== undefined) await this.#lastWord(hook.id)
      else if (!job || (state === 'admitted' && (await job.isDelayed())))
        await this.#enqueue([hook])
    }
  }

  /** Goes on with what nobody waits for until the server ends. */
  #write(written: Promise<void>): void {
    const { logger } = this.#options
    const done = written.catch((error) => {
      logger.debug({ err: error }, 'webhooks could not be written down')
    })
    this.#writing = Promise.all([this.#writing, done])
  }

  /** Undefined where that is not known any more. */
  async #addressed({ id, owner, host }: WebhookJob): Promise<Addressed | undefined> {
    if (owner !== undefined && host !== undefined) return { owner, host }
    const run = await this.#options.queue.find(id)
    return run?.meta.webhook ? { owner: run.owner, host: hostOf(run.meta.webhook) } : undefined
  }
}

/** Hands a job out again after so many milliseconds. */
async function putOff(job: Job, ms: number): Promise<never> {
  await job.moveToDelayed(Date.now() + ms, job.token)
  throw new DelayedError()
}

/** How long a message waits that was put off so many times before, in milliseconds. `random` is from 0 to 1. */
export function putOffMs(times: number, random = Math.random()): number {
  return Math.min(PUT_OFF_MS * 2 ** times, LAST_PUT_OFF_MS) * (1 + random)
}

function jobId(id: string): string {
  return `webhook-${id}`
}
