// Takes jobs from the queue of one environment: BullMQ hands them out, and runs none by itself.

import { randomUUID } from 'node:crypto'
import { Worker as BullWorker, type Job, type WorkerOptions } from 'bullmq'
import type { Logger } from 'pino'
import { type JobData, queueName } from './jobs.ts'
import { LEASE_MS } from './lease.ts'
import type { Slots } from './slots.ts'

/** How long one request for a job waits in Redis, in seconds. */
const BLOCK_SECONDS = 5

/** A job that only its taker has: BullMQ refuses other tokens than its `token`. */
export interface TakenJob {
  /** Its data is not validated. */
  job: Job<JobData>
  token: string
  /** Whether the queue was empty before it. */
  isFirst: boolean
}

export class JobSource {
  readonly environment: string
  readonly #slots: Slots
  readonly #bull: BullWorker<JobData>
  /** The last look found no job: the next one waits for one, instead of looking again. */
  #hadNone = false

  /** `options` has a connection on which commands may block. */
  constructor(
    environment: string,
    slots: Slots,
    logger: Logger,
    options: Pick<WorkerOptions, 'connection' | 'prefix' | 'name'>,
  ) {
    this.environment = environment
    this.#slots = slots
    this.#bull = new BullWorker<JobData>(queueName(environment), null, {
      ...options,
      // If a worker is lost with a run, its lease ends. If it is lost between taking a job and starting its run, BullMQ
      // gives the job to another one; a job whose run goes on, or is over, starts nothing.
      maxStalledCount: 0,
      lockDuration: LEASE_MS,
      stalledInterval: LEASE_MS / 2,
      drainDelay: BLOCK_SECONDS,
    })
    this.#bull.on('error', (error) => logger.debug({ err: error }, 'a queue can’t be read'))
    void this.#bull.startStalledCheckTimer()
  }

  /**
   * A job, and a slot for it, which the caller gives back. Undefined if there was no job or no slot for a while, or the
   * source is closed.
   * @throws {Error} if the queue can't be read.
   */
  async next(): Promise<TakenJob | undefined> {
    const token = randomUUID()
    if (!this.#hadNone) {
      if (!(await this.#slots.take())) return undefined
      let job: Job<JobData> | undefined
      try {
        job = await this.#bull.getNextJob(token, { block: false })
        if (job) return { job, token, isFirst: false }
      } finally {
        if (!job) this.#slots.giveBack()
      }
    }
    // Hold no slot while blocking. A job goes back if there is no slot then.
    const job = await this.#bull.getNextJob(token, { block: true })
    this.#hadNone = !job
    if (job && this.#slots.tryTake()) return { job, token, isFirst: true }
    await job?.moveToWait(token)
    return undefined
  }

  /** Takes no more jobs, and waits for none. */
  async close(): Promise<void> {
    await this.#bull.close(true).catch(() => {})
  }
}
