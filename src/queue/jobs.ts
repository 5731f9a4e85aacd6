// BullMQ's part: it hands jobs out, each to one worker. What a run is and how far it has come is not in its keeping.

import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { settlesWithin } from '../waits/settles-within.ts'

/** How long BullMQ may take to close, in milliseconds. */
const CLOSE_MS = 1000
/** How many of the last jobs stay in the queue for whoever looks at it, and how many of BullMQ's events. */
const KEPT_JOBS = 100

/** What a job has: the run is looked up. */
export interface JobData {
  id: string
  /** How often it had been started when it was queued. */
  attempt: number
}

/**
 * A job as scripts tell of it: run, environment, attempt, priority. With `moved` it is there, and has another one now; with
 * `over` nobody needs it any more.
 */
export type JobTuple = readonly [string, string, string, string, ('moved' | 'over')?]

export class Jobs {
  /** BullMQ's queues of the environments that this process has. */
  readonly queues: ReadonlyMap<string, Queue>
  /** These and those of others: what a script says is to be done about a job is done by whoever called it. */
  readonly #all = new Map<string, Queue>()
  readonly #redis: Redis
  readonly #prefix: string

  /** `prefix` is what BullMQ's keys begin with. */
  constructor(redis: Redis, prefix: string, environments: readonly string[]) {
    this.#redis = redis
    this.#prefix = prefix
    this.queues = new Map(environments.map((name) => [name, this.#queue(name)]))
  }

  /** Does what is to be done about jobs: who takes them first gets them. One that is there already is not added again. */
  async enqueue(jobs: readonly JobTuple[]): Promise<void> {
    await Promise.all(jobs.map((job) => this.#see(job)))
  }

  async close(): Promise<void> {
    const closed = Promise.all([...this.#all.values()].map((queue) => queue.close()))
    // Where Redis is away it may wait for that.
    await settlesWithin(closed, CLOSE_MS).catch(() => {})
  }

  async #see([id, environment, attempt, priority, what]: JobTuple): Promise<void> {
    const queue = this.#queue(environment)
    const jobId = `${id}-${attempt}` // BullMQ takes no second job of the same name
    if (what === 'over') await queue.remove(jobId)
    else if (what === 'moved') {
      // Where this fails, the next end of the client's moves it.
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
      // Nobody reads them here; by default BullMQ keeps 10,000.
      streams: { events: { maxLen: KEPT_JOBS } },
      defaultJobOptions: {
        removeOnComplete: { count: KEPT_JOBS },
        removeOnFail: { count: KEPT_JOBS },
      },
    })
    queue.on('error', () => {}) // the connection tells of outages
    this.#all.set(environment, queue)
    return queue
  }
}

/** What BullMQ calls the queue of an environment. */
export function queueName(environment: string): string {
  return `runs-${environment}`
}

/** What BullMQ's keys begin with. */
export function bullPrefix(prefix: string): string {
  return `${prefix}:bull`
}
