// The ends of asynchronous runs, each handled by one server: counted, logged, and sent to a webhook.

import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Webhook } from '../run/async-run.ts'
import type { RunRecord } from '../run/record.ts'
import { pause } from '../waits/pause.ts'
import { settlesWithin } from '../waits/settles-within.ts'
import type { RunQueue } from './run-queue.ts'
import { readable, type StoredRun, toOrigin, Unreadable } from './stored-run.ts'

/**
 * All servers are one consumer of one group: Redis hands each end to one of them, and one of them takes over what another
 * did not handle. A consumer for each server would stay in Redis after it.
 */
const GROUP = 'servers'
const CONSUMER = 'server'
/** How long one read waits for an end, in milliseconds. */
const BLOCK_MS = 2000
/** How many ends are taken at once. */
const COUNT = 20
/** After how long an end is taken over whose server did not handle it, in milliseconds. */
const TAKE_OVER_MS = 30_000
/** How often an end is handed out that can't be read: servers of a later version may be there, too. */
const MAX_DELIVERIES = 5
/** How long the ends that are being handled may take when the server ends, in milliseconds. */
const CLOSE_MS = 1000
/** Pause while Redis is away, in milliseconds. */
const PAUSE_MS = 1000

export interface EndingsOptions {
  queue: RunQueue
  /** A connection of its own, on which commands may block. */
  redis: Redis
  /** Called for each run that finished. */
  onRun: (record: RunRecord) => void
  /**
   * Called for each run that has a webhook; resolves with whether the webhook keeps its result. If it rejects, the end is
   * handed out again.
   */
  onWebhook: (run: StoredRun, webhook: Webhook) => Promise<boolean>
  logger: Logger
  /** By default TAKE_OVER_MS; for tests. */
  takeOverMs?: number | undefined
}

type Entry = [entryId: string, fields: string[]]

/** Handles ends until it is closed. */
export class Endings {
  readonly #options: EndingsOptions
  readonly #stream: string
  readonly #done: Promise<void>
  #isClosed = false

  constructor(options: EndingsOptions) {
    this.#options = options
    this.#stream = options.queue.key('ended')
    this.#done = this.#go()
  }

  /** Other servers take over what was taken and not handled. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#options.redis.disconnect()
    await settlesWithin(this.#done, CLOSE_MS)
  }

  async #go(): Promise<void> {
    const { redis, logger } = this.#options
    while (!this.#isClosed) {
      try {
        // It may exist already; if it does not, reading fails.
        await redis.xgroup('CREATE', this.#stream, GROUP, '0', 'MKSTREAM').catch(() => {})
        while (!this.#isClosed) {
          for (const entry of await this.#read()) {
            if (!this.#isClosed) await this.#handle(entry)
          }
        }
      } catch (error) {
        if (this.#isClosed) return
        logger.debug({ err: error }, 'the ends of runs could not be read')
        await pause(PAUSE_MS)
      }
    }
  }

  /** The ends that other servers did not handle, and the next ones. */
  async #read(): Promise<Entry[]> {
    const { redis, takeOverMs = TAKE_OVER_MS } = this.#options
    const group = [GROUP, CONSUMER] as const
    const [, old] = (await redis.xautoclaim(
      ...([this.#stream, ...group, takeOverMs, '0', 'COUNT', COUNT] as const),
    )) as [string, Entry[]]
    const options = ['COUNT', COUNT, 'BLOCK', BLOCK_MS, 'STREAMS', this.#stream, '>'] as const
    const read = await redis.xreadgroup('GROUP', ...group, ...options)
    const [, fresh = []] = (read?.[0] ?? []) as [string?, Entry[]?]
    return [...old, ...fresh]
  }

  /** An end that failed is handed out again; one that can't be read, a few times. */
  async #handle([entryId, fields]: Entry): Promise<void> {
    const { queue, logger } = this.#options
    const runId = fields?.[fields.indexOf('id') + 1] ?? ''
    try {
      await this.#tell(runId)
    } catch (error) {
      const line = { err: error, runId }
      const isUnreadable = error instanceof Unreadable
      const pending = await queue.redis.xpending(this.#stream, GROUP, entryId, entryId, 1)
      const [[, , , deliveries = 0] = []] = pending as [string, string, number, number][]
      if (!isUnreadable || deliveries < MAX_DELIVERIES) {
        logger[isUnreadable ? 'debug' : 'warn'](line, 'the end of a run could not be handled yet')
        return
      }
      logger.error(line, 'the end of a run can’t be read, and is dropped')
      await queue.seen(runId)
    }
    const done = queue.redis.multi().xack(this.#stream, GROUP, entryId)
    await done.xdel(this.#stream, entryId).exec()
  }

  /** @throws {Unreadable} if it can't be read by this version. */
  async #tell(id: string): Promise<void> {
    const { queue, onWebhook, onRun, logger } = this.#options
    const run = await queue.find(id, { withRequest: true })
    const ending = run && (await queue.ending(id))
    if (!run || !ending) {
      logger.warn({ runId: id }, 'a run was removed before its end was handled: it is not recorded')
      return
    }
    const { request, meta, createdAt, takenAt = createdAt, endedAt = takenAt } = run
    const isHeld = meta.webhook !== null && (await onWebhook(run, meta.webhook))
    if (ending.state === 'finished' && request) {
      const record = () => ({
        origin: toOrigin(meta),
        request: JSON.parse(request),
        outcome: ending.result,
        endedAt: new Date(endedAt),
        waitMs: takenAt - createdAt,
        startMs: ending.startMs,
        answerMs: endedAt - createdAt,
      })
      readable('outcome', () => onRun(record()))
    }
    if (!isHeld) await queue.seen(id)
  }
}
