// The ends of asynchronous runs, each handed to one server: it is counted, logged, and told to whoever wants to know.

import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { pause } from '../pause.ts'
import type { RunRecord } from '../run-record.ts'
import type { RunQueue } from './run-queue.ts'
import { type StoredRun, toOrigin } from './stored-run.ts'

const GROUP = 'servers'
/** How long Redis waits for an end before it says that there is none, in milliseconds. */
const BLOCK_MS = 2000
/** How many ends are taken at once. */
const COUNT = 20
/** After how long an end is taken over whose server did not see to it, in milliseconds. */
const TAKE_OVER_MS = 30_000
/** Pause where Redis is away, in milliseconds. */
const PAUSE_MS = 1000

export interface EndingsOptions {
  queue: RunQueue
  /** A connection for this alone, which may wait. */
  redis: Redis
  /** Told of each run that finished. */
  onRun: (record: RunRecord) => void
  /** Told of each end that somebody wants to know of. Where it rejects, the end is handed out again. */
  onWebhook: (id: string) => Promise<void>
  logger: Logger
}

type Entry = [entryId: string, fields: string[]]

/** Sees to ends until it is closed. */
export class Endings {
  readonly #options: EndingsOptions
  readonly #name = randomUUID()
  #isClosed = false

  constructor(options: EndingsOptions) {
    this.#options = options
    void this.#go()
  }

  close(): void {
    this.#isClosed = true
    this.#options.redis.disconnect()
  }

  async #go(): Promise<void> {
    const { queue, redis, logger } = this.#options
    const stream = queue.key('ended')
    while (!this.#isClosed) {
      try {
        await redis.xgroup('CREATE', stream, GROUP, '0', 'MKSTREAM').catch(ifNotThere)
        for (;;) {
          const claimed = await redis.xautoclaim(
            ...([stream, GROUP, this.#name, TAKE_OVER_MS, '0', 'COUNT', COUNT] as const),
          )
          const old = claimed[1] as Entry[]
          const read = await redis.xreadgroup(
            ...(['GROUP', GROUP, this.#name, 'COUNT', COUNT, 'BLOCK', BLOCK_MS] as const),
            ...(['STREAMS', stream, '>'] as const),
          )
          const [, fresh] = (read?.[0] ?? []) as [string?, Entry[]?]
          for (const entry of [...old, ...(fresh ?? [])]) await this.#see(stream, entry)
        }
      } catch (error) {
        if (this.#isClosed) return
        logger.debug({ err: error }, 'the ends of runs could not be read')
        await pause(PAUSE_MS)
      }
    }
  }

  /** What fails stays, and is handed out again. */
  async #see(stream: string, [entryId, fields]: Entry): Promise<void> {
    const { queue, onWebhook, onRun, logger } = this.#options
    const id = fields?.[1] ?? ''
    try {
      const run = await queue.findWithRequest(id)
      const ending = run && (await queue.ending(id))
      if (run && ending) {
        if (run.meta.webhook) await onWebhook(id)
        if (ending.state === 'finished' && run.request) onRun(toRecord(run, ending))
        await queue.seen(id)
      }
      await queue.redis.multi().xack(stream, GROUP, entryId).xdel(stream, entryId).exec()
    } catch (error) {
      logger.warn(
        { err: error, runId: id },
        'the end of a run could not be seen to; it is tried again',
      )
    }
  }
}

function toRecord(
  run: StoredRun,
  { result, startMs }: { result: RunRecord['outcome']; startMs: number },
): RunRecord {
  const takenAt = run.takenAt ?? run.createdAt
  const endedAt = run.endedAt ?? takenAt
  return {
    origin: toOrigin(run.meta),
    request: JSON.parse(run.request ?? ''),
    outcome: result,
    endedAt: new Date(endedAt),
    waitMs: takenAt - run.createdAt,
    startMs,
    answerMs: endedAt - run.createdAt,
  }
}

function ifNotThere(error: Error): void {
  if (!error.message.includes('BUSYGROUP')) throw error
}
