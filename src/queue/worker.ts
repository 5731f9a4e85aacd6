// Takes jobs from the queues and runs them with the executor of this host, as many at once as there is room for.

import { randomUUID } from 'node:crypto'
import { Worker as BullWorker, type Job } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Executor } from '../executor/executor.ts'
import { pause } from '../pause.ts'
import { settlesWithin } from '../settles-within.ts'
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
import { Slots } from './slots.ts'

/** How often a worker says that it is there, and for how long that holds, in milliseconds. */
const HEARTBEAT_MS = 1000
const HEARTBEAT_TTL_MS = 5000
/** How long what is stopped may take to be written down, in milliseconds. */
const LAST_WORDS_MS = 5000
/** How long a worker whose engine could not begin a program takes no other, in milliseconds. */
const REST_MS = 2000
/** How long the first program after an idle time is alone at most, until it starts, in milliseconds. */
const FIRST_MS = 10
/** Pause where a queue can't be read, in milliseconds. */
const PAUSE_MS = 500
/** How long Redis waits for a job before it says that there is none, in seconds. */
const BLOCK_SECONDS = 5

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
  onRun?: (end: RunEnd | 'skipped') => void
}

/** BullMQ's part of one queue: hands out one job after the other, and runs none by itself. */
type Source = BullWorker<JobData>

export class QueueWorker {
  readonly id = randomUUID()
  readonly #options: QueueWorkerOptions
  readonly #connection: Redis
  readonly #ears: Redis
  readonly #leases: Leases
  readonly #slots: Slots
  readonly #sources: readonly Source[]
  readonly #loops: Promise<unknown>
  readonly #running = new Set<Promise<void>>()
  readonly #startedAt = new Date().toISOString()
  readonly #stop = new AbortController()
  readonly #heartbeat: NodeJS.Timeout
  #isClosing = false
  /** It could not begin a program, and leaves others to others. */
  #restsUntilMs = 0

  constructor(options: QueueWorkerOptions) {
    this.#options = options
    const { queue, url, prefix, environments, slots, name, logger } = options
    this.#leases = new Leases(queue)
    this.#slots = new Slots(slots)
    this.#ears = connectToWait(url)
    this.#ears.on('message', (_, runId: string) => this.#leases.lose(runId))
    void this.#ears.subscribe(queue.key(`worker:${this.id}`)).catch(() => {})
    this.#connection = connectToWait(url)
    this.#sources = environments.map((environment) => {
      const source: Source = new BullWorker<JobData>(queueName(environment), null, {
        ...{ connection: this.#connection, prefix: bullPrefix(prefix), name },
        // A worker that is lost with a run is seen by its lease. One that was lost between taking a job and its run is
        // seen by BullMQ, which gives the job to another one; a job whose run goes on, or is over, starts nothing.
        ...{ maxStalledCount: 0, lockDuration: LEASE_MS, stalledInterval: LEASE_MS / 2 },
        drainDelay: BLOCK_SECONDS,
      })
      source.on('error', (error) => logger.debug({ err: error }, 'a queue can’t be read'))
      void source.startStalledCheckTimer()
      return source
    })
    this.#loops = Promise.all(
      this.#sources.map((source, index) => this.#work(source, environments[index] ?? '')),
    )
    this.#beat()
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS)
  }

  /** How many it runs now. */
  get running(): number {
    return this.#running.size
  }

  /**
   * Takes no more, and lets what runs end, for so long and until `hurry` resolves. What is left then is stopped: it is
   * `unavailable`, or queued again where its request says so.
   */
  async close(drainMs: number, hurry: Promise<unknown> = new Promise(() => {})): Promise<void> {
    this.#isClosing = true
    this.#slots.close()
    const closed = Promise.all(this.#sources.map((source) => source.close(true).catch(() => {})))
    const ended = closed.then(() => this.#loops).then(() => Promise.all(this.#running))
    await settlesWithin(Promise.race([ended, hurry]), drainMs)
    this.#stop.abort()
    await settlesWithin(ended, LAST_WORDS_MS)
    clearInterval(this.#heartbeat)
    this.#leases.close()
    this.#ears.disconnect()
    this.#connection.disconnect()
    await this.#options.queue.goodbye(this.id).catch(() => {})
  }

  /** Takes the jobs of one queue, as long as there are places. */
  async #work(source: Source, environment: string): Promise<void> {
    for (let count = 0; !this.#isClosing; count += 1) {
      const token = `${this.id}-${environment}-${count}`
      try {
        const { job, isFirst } = await this.#next(source, token)
        if (!job) continue
        let hasBegun = () => {}
        const begun = new Promise<void>((resolve) => {
          hasBegun = resolve
        })
        const run = this.#run(job, environment, hasBegun).finally(() => {
          hasBegun()
          this.#running.delete(run)
          this.#slots.giveBack()
        })
        this.#running.add(run)
        // After an idle time there is hardly another one: to look for it would only be in the way of the first.
        if (isFirst) await settlesWithin(begun, FIRST_MS)
      } catch (error) {
        if (this.#isClosing) return
        this.#options.logger.debug({ err: error }, 'a queue can’t be read')
        await pause(PAUSE_MS)
      }
    }
  }

  /**
   * A job and a place for it; nothing where there is none of the one or the other. `isFirst`: there was none for a while.
   */
  async #next(source: Source, token: string): Promise<{ job?: Job<JobData>; isFirst?: boolean }> {
    const restMs = this.#restsUntilMs - performance.now()
    if (restMs > 0) await pause(restMs)
    if (!(await this.#slots.take())) return {}
    let job: Job<JobData> | undefined
    try {
      job = await source.getNextJob(token, { block: false })
    } finally {
      if (!job) this.#slots.giveBack()
    }
    if (job) return { job }
    if (this.#isClosing) return {}
    // Nobody has a place while he waits for jobs that may not come. What comes goes back where there is none then.
    job = await source.getNextJob(token, { block: true })
    const isWell = performance.now() > this.#restsUntilMs
    if (job && isWell && this.#slots.tryTake()) return { job, isFirst: true }
    await job?.moveToWait(token)
    return {}
  }

  async #run(job: Job<JobData>, environment: string, hasBegun: () => void): Promise<void> {
    const { logger, name, onRun } = this.#options
    const { id: runId } = readJob(job)
    try {
      const end = await this.#take(job, environment, hasBegun)
      logger.debug({ runId, end, worker: name }, 'a run is over')
      onRun?.(end)
    } catch (error) {
      // Its lease ends, and it is swept up.
      logger.error({ err: error, runId }, 'a run could not be seen to')
    }
    await job.moveToCompleted(null, tokenOf(job), false).catch((error) => {
      logger.debug({ err: error }, 'a job was taken away')
    })
  }

  async #take(
    job: Job<JobData>,
    environment: string,
    hasBegun: () => void,
  ): Promise<RunEnd | 'skipped'> {
    const { queue, executor, parse } = this.#options
    const takenAtMs = performance.now()
    const run = await queue.start(readJob(job), this.id, LEASE_MS)
    if (!run) return 'skipped'
    const stop = this.#stop.signal
    const once = new RunOnce({
      ...{ queue, executor, parse, stop, onStart: hasBegun },
      onUnable: () => {
        this.#restsUntilMs = performance.now() + REST_MS
      },
    })
    const hold = {
      run,
      takenAtMs,
      // BullMQ's list shows who has the job; nothing depends on it.
      onRenewed: () => void job.extendLock(tokenOf(job), LEASE_MS).catch(() => {}),
    }
    return this.#leases.hold(hold, (lost) => once.run(run, environment, lost))
  }

  #beat(): void {
    const { queue, name, environments, slots } = this.#options
    const report: WorkerReport = {
      ...{ name, environments: [...environments], slots },
      ...{ running: this.running, startedAt: this.#startedAt },
    }
    void queue.heartbeat(this.id, report, HEARTBEAT_TTL_MS).catch(() => {})
  }
}

/** What a job says, believed as little as that it says anything: it must not take a worker down. */
function readJob({ data }: { data: Partial<JobData> | null }): JobData {
  return { id: String(data?.id), attempt: Number(data?.attempt) }
}

/** What BullMQ knows that we have the job by. */
function tokenOf({ token }: Job<JobData>): string {
  return token ?? ''
}
