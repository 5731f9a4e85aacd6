// The ends of asynchronous runs, each handed to one server: it is counted, logged, and told to whoever wants to know.

import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { RunRecord } from '../run/record.ts'
import { pause } from '../waits/pause.ts'
import { settlesWithin } from '../waits/settles-within.ts'
import type { EndedRun } from './queued-webhooks.ts'
import type { RunQueue } from './run-queue.ts'
import { readable, type StoredRun, toOrigin, Unreadable } from './stored-run.ts'

/**
 * All servers are one consumer of one group: Redis hands each end to one of them, and one of them takes over what another did
 * not see to. A name for each would stay in Redis after it.
 */
const GROUP = 'servers'
const CONSUMER = 'server'
/** How long Redis waits for an end before it says that there is none, in milliseconds. */
const BLOCK_MS = 2000
/** How many ends are taken at once. */
const COUNT = 20
/** After how long an end is taken over whose server did not see to it, in milliseconds. */
const TAKE_OVER_MS = 30_000
/** How often an end is handed out that can't be read: servers of a later version may be there, too. */
const MAX_DELIVERIES = 5
/** How long what goes on may take at the end, in milliseconds. */
const CLOSE_MS = 1000
/** Pause where Redis is away, in milliseconds. */
const PAUSE_MS = 1000

export interface EndingsOptions {
  queue: RunQueue
  /** A connection for this alone, which may wait. */
  redis: Redis
  /** Told of each run that finished. */
  onRun: (record: RunRecord) => void
  /**
   * Told of each end that somebody wants to know of; resolves with whether the run is seen to later. Where it rejects, the
   * end is handed out again.
   */
  onWebhook: (run: EndedRun) => Promise<boolean>
  logger: Logger
  /** TAKE_OVER_MS, but for tests. */
  takeOverMs?: number | undefined
}

type Entry = [entryId: string, fields: string[]]

/** Sees to ends until it is closed. */
export class Endings {
  readonly #options: EndingsOptions
  readonly #done: Promise<void>
  #isClosed = false

  constructor(options: EndingsOptions) {
    this.#options = options
    this.#done = this.#go()
  }

  /** What it has taken and not seen to is taken over by others. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#options.redis.disconnect()
    await settlesWithin(this.#done, CLOSE_MS)
  }

  async #go(): Promise<void> {
    const { queue, redis, logger, takeOverMs = TAKE_OVER_MS } = this.#options
    const stream = queue.key('ended')
    while (!this.#isClosed) {
      try {
        // It may be there already; where it is not, to read says so.
        await redis.xgroup('CREATE', stream, GROUP, '0', 'MKSTREAM').catch(() => {})
        for (;;) {
          const claimed = await redis.xautoclaim(
            ...([stream, GROUP, CONSUMER, takeOverMs, '0', 'COUNT', COUNT] as const),
          )
          const old = claimed[1] as Entry[]
          const read = await redis.xreadgroup(
            ...(['GROUP', GROUP, CONSUMER, 'COUNT', COUNT, 'BLOCK', BLOCK_MS] as const),
            ...(['STREAMS', stream, '>'] as const),
          )
          const [, fresh] = (read?.[0] ?? []) as [string?, Entry[]?]
          for (const entry of [...old, ...(fresh ?? [])]) {
            if (this.#isClosed) return
            await this.#see(stream, entry)
          }
        }
      } catch (error) {
        if (this.#isClosed) return
        logger.debug({ err: error }, 'the ends of runs could not be read')
        await pause(PAUSE_MS)
      }
    }
  }

  /** What fails stays, and is handed out again; what can't be read, some times. */
  async #see(stream: string, [entryId, fields]: Entry): Promise<void> {
    const { queue, logger } = this.#options
    const id = fields?.[fields.indexOf('id') + 1] ?? ''
    try {
      await this.#tell(id).catch(async (error) => {
        if (!(error instanceof Unreadable)) throw error
        const [[, , , deliveries = 0] = []] = (await queue.redis.xpending(
          ...([stream, GROUP, entryId, entryId, 1] as const),
        )) as [string, string, number, number][]
        if (deliveries < MAX_DELIVERIES) throw error
        logger.error({ err: error, runId: id }, 'the end of a run can’t be read, and is dropped')
        await queue.seen(id)
      })
      await queue.redis.multi().xack(stream, GROUP, entryId).xdel(stream, entryId).exec()
    } catch (error) {
      const line = { err: error, runId: id }
      if (error instanceof Unreadable) logger.debug(line, 'the end of a run can’t be read')
      else logger.warn(line, 'the end of a run could not be seen to; it is tried again')
    }
  }

  /** @throws {Unreadable} where nobody of this version can make anything of it. */
  async #tell(id: string): Promise<void> {
    const { queue, onWebhook, onRun, logger } = this.#options
    const run = await queue.find(id, { withRequest: true })
    const ending = run && (await queue.ending(id))
    if (!run || !ending) {
      logger.warn(
        { runId: id },
        'a run was forgotten before its end was seen to: nobody is told of it',
      )
      return
    }
    const { owner, request, meta } = run
    const { webhook } = meta
    const isHeld =
      webhook !== null &&
      (await onWebhook({ id, owner, webhook, bytes: await queue.keptBytes(id) }))
    if (ending.state === 'finished' && request) {
      readable('outcome', () => onRun(toRecord(run, request, ending)))
    }
    if (!isHeld) await queue.seen(id)
  }
}

function toRecord(
  run: StoredRun,
  request: string,
  { result, startMs }: { result: RunRecord['outcome']; startMs: number },
): RunRecord {
  const takenAt = run.takenAt ?? run.createdAt
  const endedAt = run.endedAt ?? takenAt
  return {
    origin: toOrigin(run.meta),
    request: JSON.parse(request),
    outcome: result,
    endedAt: new Date(endedAt),
    waitMs: takenAt - run.createdAt,
    startMs,
    answerMs: endedAt - run.createdAt,
  }
}
