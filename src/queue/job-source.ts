// Takes jobs from the queue of one environment: BullMQ hands them out, and runs none by itself.

import { randomUUID } from 'node:crypto'
import { Worker as BullWorker, type Job } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { bullPrefix, type JobData, queueName } from './jobs.ts'
import { LEASE_MS } from './lease.ts'
import type { Slots } from './slots.ts'

/** How long Redis waits for a job before it says that there is none, in seconds. */
const BLOCK_SECONDS = 5

/** A job that nobody else has. */
export interface TakenJob {
  /** Which run it is for. */
  data: JobData
  /** Which taking of it this is: nobody else has this. */
  token: string
  /** Whether there was none for a while before it. */
  isFirst: boolean
  /** It is still seen to: BullMQ's list shows who has it; nothing depends on it. */
  extend: () => void
  /** Somebody else may take it, before all others of the same priority. Rejects where it was taken away. */
  putBack: () => Promise<unknown>
  /** Nobody needs to see to it any more. Rejects where it was taken away. */
  complete: () => Promise<unknown>
}

export interface JobSourceOptions {
  environment: string
  /** May wait for something in Redis. */
  connection: Redis
  prefix: string
  /** What BullMQ's lists call the worker. */
  name: string
  slots: Slots
  logger: Logger
}

export class JobSource {
  readonly environment: string
  readonly #options: JobSourceOptions
  readonly #bull: BullWorker<JobData>
  /** The last look found none: the next one waits for one, in place of looking again. */
  #hadNone = false

  constructor(options: JobSourceOptions) {
    const { environment, connection, prefix, name, logger } = options
    this.environment = environment
    this.#options = options
    this.#bull = new BullWorker<JobData>(queueName(environment), null, {
      connection,
      prefix: bullPrefix(prefix),
      name,
      // A worker that is lost with a run is seen by its lease. One that was lost between taking a job and its run is
      // seen by BullMQ, which gives the job to another one; a job whose run goes on, or is over, starts nothing.
      maxStalledCount: 0,
      lockDuration: LEASE_MS,
      stalledInterval: LEASE_MS / 2,
      drainDelay: BLOCK_SECONDS,
    })
    this.#bull.on('error', (error) => logger.debug({ err: error }, 'a queue can’t be read'))
    void this.#bull.startStalledCheckTimer()
  }

  /**
   * A job, and a place for it, which is the caller's to give back. Undefined where for a while there was none of the one
   * or the other, or the source is closed.
   * @throws {Error} where the queue can't be read.
   */
  async next(): Promise<TakenJob | undefined> {
    const { slots } = this.#options
    const token = randomUUID()
    if (!this.#hadNone) {
      if (!(await slots.take())) return undefined
      let job: Job<JobData> | undefined
      try {
        job = await this.#bull.getNextJob(token, { block: false })
        if (job) return takenJob(job, token, false)
      } finally {
        if (!job) slots.giveBack()
      }
    }
    // Nobody has a place while he waits for jobs that may not come. What comes goes back where there is none then.
    const job = await this.#bull.getNextJob(token, { block: true })
    this.#hadNone = !job
    if (job && slots.tryTake()) return takenJob(job, token, true)
    await job?.moveToWait(token)
    return undefined
  }

  /** Takes no more, and waits for none. */
  async close(): Promise<void> {
    await this.#bull.close(true).catch(() => {})
  }
}

function takenJob(job: Job<JobData>, token: string, isFirst: boolean): TakenJob {
  // Believed as little as that it says anything: it must not take a worker down.
  const data: Partial<JobData> | null = job.data
  return {
    data: { id: String(data?.id), attempt: Number(data?.attempt) },
    token,
    isFirst,
    extend: () => void job.extendLock(token, LEASE_MS).catch(() => {}),
    putBack: () => job.moveToWait(token),
    complete: () => job.moveToCompleted(null, token, false),
  }
}
