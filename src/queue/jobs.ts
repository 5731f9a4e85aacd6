// The jobs in BullMQ, which hands each to one worker. The runs themselves are kept by the scripts.

import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { settlesWithin } from '../waits/settles-within.ts'

/** How long BullMQ may take to close, in milliseconds. */
const CLOSE_MS = 1000
/** How many of the last jobs and of BullMQ's events stay in the queue, to be looked at. */
const KEPT_JOBS = 100

/** The data of a job: the run is looked up. */
export interface JobData {
  id: string
  /** The attempt of the run when it was queued. */
  attempt: number
}

/**
 * A job that a script asks for: run, environment, attempt, priority. `moved`: the job exists, and gets this priority.
 * `over`: it is to be removed.
 */
export type JobTuple = readonly [string, string, string, string, ('moved' | 'over')?]

export class Jobs {
  /** Those of this process's environments, and of others: the caller of a script handles all jobs that it asks for. */
  readonly #all = new Map<string, Queue>()
  readonly #redis: Redis
  readonly #prefix: string

  /** `prefix` is what BullMQ's keys begin with. */
  constructor(redis: Redis, prefix: string, environments: readonly string[]) {
    this.#redis = redis
    this.#prefix = prefix
    for (const name of environments) this.#queue(name)
  }

  /** BullMQ's queues of the environments that this process knows, by name. */
  get queues(): ReadonlyMap<string, Queue> {
    return this.#all
  }

  /** Adds, moves or removes jobs. A job that exists is not added again. */
  async enqueue(jobs: readonly JobTuple[]): Promise<void> {
    await Promise.all(jobs.map((job) => this.#see(job)))
  }

  async close(): Promise<void> {
    const closed = Promise.all([...this.#all.values()].map((queue) => queue.close()))
    // It may wait for Redis, if that is away.
    await settlesWithin(closed, CLOSE_MS).catch(() => {})
  }

  async #see([id, environment, attempt, priority, what]: JobTuple): Promise<void> {
    const queue = this.#queue(environment)
    const jobId = `${id}-${attempt}` // BullMQ takes no second job of the same name
    if (what === 'over') await queue.remove(jobId)
    else if (what === 'moved') {
      // If this fails, the next end of a run of the client moves it.
      const job = await queue.getJob(jobId)
      await job?.changePriority({ priority: Number(priority) })
    } else {
      const data: JobData = { id, attempt: Number(attempt) }
      await queue.add('run', data, { jobId, priority: Number(priority) })
    }
  }

  #queue(environment: string): Queue {
    const known = this.#all.get(environment)
    if (known) return known
    const queue = new Queue(queueName(environment), {
      connection: this.#redis,
      prefix: this.#prefix,
      // They are not used here; by default BullMQ keeps 10,000.
      streams: { events: { maxLen: KEPT_JOBS } },
      defaultJobOptions: {
        removeOnComplete: { count: KEPT_JOBS },
        removeOnFail: { count: KEPT_JOBS },
      },
    })
    queue.on('error', () => {}) // the connection logs outages
    this.#all.set(environment, queue)
    return queue
  }
}

/** BullMQ's name of the queue of an environment. */
export function queueName(environment: string): string {
  return `runs-${environment}`
}

/** The prefix of BullMQ's keys. */
export function bullPrefix(prefix: string): string {
  return `${prefix}:bull`
}
