// BullMQ's part: it hands jobs out, each to one worker. What a run is and how far it has come is not in its keeping.

import { Job, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { settlesWithin } from '../settles-within.ts'

/** How long BullMQ may take to close, in milliseconds. */
const CLOSE_MS = 1000
/** How many of the last jobs stay in the queue for whoever looks at it. */
const KEPT_JOBS = 100

/** What a job has: the run is looked up. */
export interface JobData {
  id: string
  /** How often it had been started when it was queued. */
  attempt: number
}

/** What names a job: run, environment, attempt. */
export type JobKey = readonly [string, string, string, ...unknown[]]

/** A job as scripts tell of it: run, environment, attempt, priority. With `moved` it is there, and has another one now. */
export type JobTuple = [string, string, string, string, 'moved'?]

export interface JobsOptions {
  redis: Redis
  /** Of all that is ours in Redis. */
  prefix: string
  environments: readonly string[]
}

export class Jobs {
  /** BullMQ's queues, by environment. */
  readonly queues: ReadonlyMap<string, Queue>

  constructor({ redis, prefix, environments }: JobsOptions) {
    this.queues = new Map(
      environments.map((name) => {
        const queue = new Queue(queueName(name), {
          connection: redis,
          prefix: bullPrefix(prefix),
          defaultJobOptions: {
            removeOnComplete: { count: KEPT_JOBS },
            removeOnFail: { count: KEPT_JOBS },
          },
        })
        queue.on('error', () => {}) // the connection tells of outages
        return [name, queue]
      }),
    )
  }

  /** Gives jobs to whoever takes them first. A job that is there already stays as it is. */
  async enqueue(jobs: readonly JobTuple[]): Promise<void> {
    await Promise.all(
      [...this.queues].map(async ([environment, queue]) => {
        const mine = jobs.filter((job) => job[1] === environment && job[4] !== 'moved')
        const [first] = mine
        if (!first) return
        const bulk = mine.map(([id, , attempt, priority]) => ({
          name: 'run',
          data: { id, attempt: Number(attempt) } satisfies JobData,
          opts: { jobId: jobId(id, attempt), priority: Number(priority) },
        }))
        if (bulk.length > 1) await queue.addBulk(bulk)
        else await Promise.all(bulk.map(({ name, data, opts }) => queue.add(name, data, opts)))
      }),
    )
    // Where this fails, the next end of the client's moves it.
    await Promise.all(jobs.filter((job) => job[4] === 'moved').map((job) => this.move(job)))
  }

  /** Gives a job that waits another priority. */
  async move([id, environment, attempt, priority]: JobTuple): Promise<void> {
    const queue = this.queues.get(environment)
    const job = queue && (await Job.fromId(queue, jobId(id, attempt)))
    await job?.changePriority({ priority: Number(priority) })
  }

  /** Nobody gets the job who has not taken it yet. */
  async remove(id: string, environment: string, attempt: string): Promise<void> {
    await this.queues.get(environment)?.remove(jobId(id, attempt))
  }

  async close(): Promise<void> {
    const closed = Promise.all([...this.queues.values()].map((queue) => queue.close()))
    // Where Redis is away it may wait for that.
    await settlesWithin(closed, CLOSE_MS).catch(() => {})
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
