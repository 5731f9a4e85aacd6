// Takes jobs from the queues and runs them with the executor of this host, as many at once as there is room for.

import { randomUUID } from 'node:crypto'
import { Worker as BullWorker, type Job, WaitingError } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Executor } from '../executor/executor.ts'
import { connectToWait } from './connection.ts'
import { LEASE_MS, Leases } from './lease.ts'
import { type ParseRequest, type RunEnd, RunOnce } from './run-once.ts'
import {
  bullPrefix,
  type JobData,
  queueName,
  type RunQueue,
  type WorkerReport,
} from './run-queue.ts'

/** How often a worker says that it is there, and for how long that holds, in milliseconds. */
const HEARTBEAT_MS = 1000
const HEARTBEAT_TTL_MS = 5000
/** How long what is stopped may take to be written down, in milliseconds. */
const LAST_WORDS_MS = 5000
/** How long a worker whose engine runs nothing takes no jobs, in milliseconds. */
const REST_MS = 2000

export interface QueueWorkerOptions {
  queue: RunQueue
  /** What the executor may be asked for; one queue each. */
  environments: readonly string[]
  executor: Executor
  /** How many the executor runs at once. */
  slots: number
  url: string
  prefix: string
  /** What metrics and logs call it. */
  name: string
  /** Makes a request of what came, under this host's own limits. */
  parse: ParseRequest
  logger: Logger
  /** Told of each run that it has had. */
  onRun?: (end: RunEnd) => void
}

export class QueueWorker {
  readonly id = randomUUID()
  readonly #options: QueueWorkerOptions
  readonly #connection: Redis
  readonly #ears: Redis
  readonly #leases: Leases
  readonly #workers: readonly BullWorker<JobData>[]
  readonly #startedAt = new Date().toISOString()
  readonly #stop = new AbortController()
  readonly #heartbeat: NodeJS.Timeout
  #taken = 0
  #restsUntilMs = 0

  constructor(options: QueueWorkerOptions) {
    this.#options = options
    const { queue, url, prefix, environments, slots, logger } = options
    this.#leases = new Leases(queue)
    this.#ears = connectToWait(url)
    this.#ears.on('message', (_, runId: string) => this.#leases.lose(runId))
    void this.#ears.subscribe(queue.key(`worker:${this.id}`)).catch(() => {})
    this.#connection = connectToWait(url)
    this.#workers = environments.map((environment) => {
      const worker = new BullWorker<JobData>(
        queueName(environment),
        (job, token) => this.#take(job, token, environment),
        {
          ...{ connection: this.#connection, prefix: bullPrefix(prefix), concurrency: slots },
          // What is lost with a worker is seen by its lease. BullMQ never starts a job again by itself.
          ...{ maxStalledCount: 0, lockDuration: 60_000, stalledInterval: 30_000 },
          ...{ runRetryDelay: 1000, drainDelay: 5, name: options.name },
        },
      )
      worker.on('error', (error) => logger.debug({ err: error }, 'a queue worker met an error'))
      return worker
    })
    this.#beat()
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS)
  }

  /** How many it runs now. */
  get running(): number {
    return this.#taken
  }

  /**
   * Takes no more, and lets what runs end, for so long and until `hurry` resolves. What is left then is stopped: it is
   * `unavailable`, or queued again where its request says so.
   */
  async close(drainMs: number, hurry: Promise<unknown> = new Promise(() => {})): Promise<void> {
    const closed = Promise.all(this.#workers.map((worker) => worker.close()))
    const isDrained = await Promise.race([
      closed.then(() => true),
      hurry.then(() => false),
      after(drainMs).then(() => false),
    ])
    this.#stop.abort()
    if (!isDrained) await Promise.race([closed, after(LAST_WORDS_MS)])
    clearInterval(this.#heartbeat)
    this.#leases.close()
    this.#ears.disconnect()
    this.#connection.disconnect()
    await this.#options.queue.goodbye(this.id).catch(() => {})
  }

  async #take(job: Job<JobData>, token: string | undefined, environment: string): Promise<string> {
    const { slots, queue, executor, parse, logger, name } = this.#options
    // Each environment's queue hands out jobs as if it were alone.
    if (this.#taken >= slots || performance.now() < this.#restsUntilMs) {
      await job.moveToWait(token)
      await new Promise((resolve) => setTimeout(resolve, this.#taken >= slots ? 10 : REST_MS))
      throw new WaitingError()
    }
    this.#taken += 1
    try {
      const takenAtMs = performance.now()
      const run = await queue.start(job.data, this.id, LEASE_MS)
      if (!run) return 'skipped'
      const once = new RunOnce({ queue, executor, parse, stop: this.#stop.signal })
      const end = await this.#leases.hold(run, takenAtMs, (lost) =>
        once.run(run, environment, lost),
      )
      if (end === 'handed back') this.#restsUntilMs = performance.now() + REST_MS
      logger.debug({ runId: run.id, attempt: run.attempt, end, worker: name }, 'a run is over')
      this.#options.onRun?.(end)
      return end
    } finally {
      this.#taken -= 1
    }
  }

  #beat(): void {
    const { queue, name, environments, slots } = this.#options
    const report: WorkerReport = {
      ...{ name, environments: [...environments], slots },
      ...{ running: this.#taken, startedAt: this.#startedAt },
    }
    void queue.heartbeat(this.id, report, HEARTBEAT_TTL_MS).catch(() => {})
  }
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
