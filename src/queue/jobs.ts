// BullMQ's part: it hands jobs out, each to one worker. What a run is and how far it has come is not in its keeping.

import { Job, Queue } from 'bullmq'
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
export type JobTuple = [string, string, string, string, ('moved' | 'over')?]

export interface JobsOptions {
  redis: Redis
  /** Of all that is ours in Redis. */
  prefix: string
  environments: readonly string[]
}

export class Jobs {
  /** BullMQ's queues of the environments that this process has. */
  readonly queues: ReadonlyMap<string, Queue>
  /** Those of others: what a script says is to be done about a job is done by whoever called it. */
  readonly #others = new Map<string, Queue>()
  readonly #redis: Redis
  readonly #prefix: string

  constructor({ redis, prefix, environments }: JobsOptions) {
    this.#redis = redis
    this.#prefix = prefix
    this.queues = new Map(environments.map((name) => [name, this.#makeQueue(name)]))
  }

  /** Gives jobs to whoever takes them first. A job that is there already stays as it is. */
  async enqueue(jobs: readonly JobTuple[]): Promise<void> {
    const added = jobs.filter((job) => job[4] === undefined)
    await Promise.all(
      [...new Set(added.map((job) => job[1]))].map(async (environment) => {
        const queue = this.#queue(environment)
        const mine = added.filter((job) => job[1] === environment)
        const bulk = mine.map(([id, , attempt, priority]) => ({
          name: 'run',
          data: { id, attempt: Number(attempt) } satisfies JobData,
          opts: { jobId: jobId(id, attempt), priority: Number(priority) },
        }))
        if (bulk.length > 1) await queue.addBulk(bulk)
        else await Promise.all(bulk.map(({ name, data, opts }) => queue.add(name, data, opts)))
      }),
    )
    const over = jobs.filter((job) => job[4] === 'over')
    await Promise.all(
      over.map(([id, environment, attempt]) => this.remove(id, environment, attempt)),
    )
    // Where this fails, the next end of the client's moves it.
    await Promise.all(jobs.filter((job) => job[4] === 'moved').map((job) => this.move(job)))
  }

  /** Gives a job that waits another priority. */
  async move([id, environment, attempt, priority]: JobTuple): Promise<void> {
    const job = await Job.fromId(this.#queue(environment), jobId(id, attempt))
    await job?.changePriority({ priority: Number(priority) })
  }

  /** Nobody gets the job who has not taken it yet. */
  async remove(id: string, environment: string, attempt: string): Promise<void> {
    await this.#queue(environment).remove(jobId(id, attempt))
  }

  async close(): Promise<void> {
    const all = [...this.queues.values(), ...this.#others.values()]
    const closed = Promise.all(all.map((queue) => queue.close()))
    // Where Redis is away it may wait for that.
    await settlesWithin(closed, CLOSE_MS).catch(() => {})
  }

  #queue(environment: string): Queue {
    const known = this.queues.get(environment) ?? this.#others.get(environment)
    if (known) return known
    const queue = this.#makeQueue(environment)
    this.#others.set(environment, queue)
    return queue
  }

  #makeQueue(environment: string): Queue {
    const queue = new Queue(queueName(environment), {
      connection: this.#redis,
      prefix: bullPrefix(this.#prefix),
      // Nobody reads them here; by default BullMQ keeps 10,000.
      streams: { events: { maxLen: KEPT_JOBS } },
      defaultJobOptions: {
        removeOnComplete: { count: KEPT_JOBS },
        removeOnFail: { count: KEPT_JOBS },
      },
    })
    queue.on('error', () => {}) // the connection tells of outages
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

/** One for each attempt: BullMQ takes no second job of the same name. */
function jobId(id: string, attempt: string): string {
  return `${id}-${attempt}`
}
