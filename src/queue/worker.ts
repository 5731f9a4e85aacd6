// Takes jobs from the queues and runs them with the executor of this host, as many at once as there is room for.

import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Executor } from '../executor/executor.ts'
import { pause } from '../pause.ts'
import { settlesWithin } from '../settles-within.ts'
import { connectToWait } from './connection.ts'
import { JobSource, type TakenJob } from './job-source.ts'
import { LEASE_MS, Leases } from './lease.ts'
import { type ParseRequest, type RunEnd, RunOnce } from './run-once.ts'
import type { RunQueue } from './run-queue.ts'
import { Slots } from './slots.ts'
import type { WorkerReport } from './stored-run.ts'

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

export class QueueWorker {
  readonly id = randomUUID()
  readonly #options: QueueWorkerOptions
  readonly #connection: Redis
  readonly #ears: Redis
  readonly #leases: Leases
  readonly #slots: Slots
  readonly #sources: readonly JobSource[]
  readonly #loops: Promise<unknown>
  readonly #running = new Set<Promise<void>>()
  readonly #startedAt = new Date().toISOString()
  readonly #stop = new AbortController()
  readonly #heartbeat: NodeJS.Timeout
  #isClosing = false

  constructor(options: QueueWorkerOptions) {
    this.#options = options
    const { queue, url, prefix, environments, slots, name, logger } = options
    this.#leases = new Leases(queue)
    this.#slots = new Slots(slots)
    this.#ears = connectToWait(url)
    this.#ears.on('message', (_, runId: string) => this.#leases.lose(runId))
    void this.#ears.subscribe(queue.key(`worker:${this.id}`)).catch(() => {})
    this.#connection = connectToWait(url)
    this.#sources = environments.map(
      (environment) =>
        new JobSource({
          ...{ environment, connection: this.#connection, prefix, name, logger },
          ...{ workerId: this.id, slots: this.#slots },
        }),
    )
    this.#loops = Promise.all(this.#sources.map((source) => this.#work(source)))
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
    const closed = Promise.all(this.#sources.map((source) => source.close()))
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
  async #work(source: JobSource): Promise<void> {
    while (!this.#isClosing) {
      try {
        const job = await source.next()
        if (!job) continue
        let hasBegun = () => {}
        const begun = new Promise<void>((resolve) => {
          hasBegun = resolve
        })
        const run = this.#run(job, source.environment, hasBegun).finally(() => {
          hasBegun()
          this.#running.delete(run)
          this.#slots.giveBack()
        })
        this.#running.add(run)
        // After an idle time there is hardly another one: to look for it would only be in the way of the first.
        if (job.isFirst) await settlesWithin(begun, FIRST_MS)
      } catch (error) {
        if (this.#isClosing) return
        this.#options.logger.debug({ err: error }, 'a queue can’t be read')
        await pause(PAUSE_MS)
      }
    }
  }

  async #run(job: TakenJob, environment: string, hasBegun: () => void): Promise<void> {
    const { logger, name, onRun } = this.#options
    const { id: runId } = job.data
    try {
      const end = await this.#take(job, environment, hasBegun)
      logger.debug({ runId, end, worker: name }, 'a run is over')
      onRun?.(end)
    } catch (error) {
      // Its lease ends, and it is swept up.
      logger.error({ err: error, runId }, 'a run could not be seen to')
    }
    await job.complete().catch((error) => {
      logger.debug({ err: error }, 'a job was taken away')
    })
  }

  async #take(
    job: TakenJob,
    environment: string,
    hasBegun: () => void,
  ): Promise<RunEnd | 'skipped'> {
    const { queue, executor, parse } = this.#options
    const takenAtMs = performance.now()
    const run = await queue.start(job.data, this.id, LEASE_MS)
    if (!run) return 'skipped'
    const once = new RunOnce({
      ...{ queue, executor, parse, stop: this.#stop.signal, onStart: hasBegun },
      onUnable: () => this.#slots.restFor(REST_MS),
    })
    const hold = { run, takenAtMs, onRenewed: () => job.extend() }
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
