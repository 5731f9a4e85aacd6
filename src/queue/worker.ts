// Takes jobs from the queues and runs them with the executor of this host, as many at once as it has slots.

import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { Bell } from '../waits/bell.ts'
import { pause } from '../waits/pause.ts'
import { settlesWithin } from '../waits/settles-within.ts'
import { connectToWait } from './connection.ts'
import { JobSource, type TakenJob } from './job-source.ts'
import { bullPrefix } from './jobs.ts'
import { LEASE_MS, Leases } from './lease.ts'
import type { Offer } from './offers.ts'
import { type ResultBound, type ResultLimits, resultBound } from './result-bound.ts'
import { type RunEnd, type RunHost, RunOnce } from './run-once.ts'
import { heartbeat } from './scripts.ts'
import { Slots } from './slots.ts'
import type { WorkerReport } from './stored-run.ts'

/** How often a worker sends a heartbeat, and how long that is valid, in milliseconds. */
const HEARTBEAT_MS = 1000
const HEARTBEAT_TTL_MS = 5000
/** How long the ends of stopped runs may take to be written down, in milliseconds. */
const LAST_WORDS_MS = 5000
/** How long a worker takes no job after its engine could not begin a program, in milliseconds. */
const REST_MS = 2000
/** How long the first program after an idle time delays the search for others, at most, in milliseconds. */
const FIRST_MS = 10
/** Pause after a queue could not be read, or a run could not be started, in milliseconds. */
const PAUSE_MS = 500
/** How long a worker tries to start a run while Redis is away, in milliseconds: by then its job is another worker's. */
const START_MS = 3 * LEASE_MS
/**
 * How long a worker takes no job if there is no memory for a result, in milliseconds: doubling, and until one of its own
 * runs has ended.
 */
const FIRST_FULL_MS = 100
const LAST_FULL_MS = 2000

export interface QueueWorkerOptions extends RunHost {
  /** The environments of the executor; one queue each. */
  environments: readonly string[]
  /** The same, for servers that do not have their folders. */
  offers?: readonly Offer[]
  /** How many programs the executor runs at once. */
  slots: number
  url: string
  prefix: string
  /** Its name in metrics and logs. */
  name: string
  /** Limits of the executor. */
  limits: ResultLimits
  logger: Logger
}

/** The outcome of a job; a job that was `put back` may be taken again. */
type WorkerEnd = RunEnd | 'skipped' | 'put back'

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
  readonly #bound: ResultBound
  /** The next rest for want of memory, in milliseconds. */
  #fullMs = FIRST_FULL_MS
  #isClosing = false

  constructor(options: QueueWorkerOptions) {
    this.#options = options
    setMaxListeners(0, this.#stop.signal) // one for each run
    const { queue, url, prefix, environments, slots, name, logger } = options
    queue.connectForRuns()
    this.#bound = resultBound(options.limits)
    this.#leases = new Leases(queue)
    this.#slots = new Slots(slots)
    this.#ears = connectToWait(url)
    this.#ears.on('message', (_, runId: string) => this.#leases.lose(runId))
    void this.#ears.subscribe(queue.key(`worker:${this.id}`)).catch(() => {})
    this.#connection = connectToWait(url)
    this.#sources = environments.map(
      (environment) =>
        new JobSource(environment, this.#slots, logger, {
          connection: this.#connection,
          prefix: bullPrefix(prefix),
          name,
        }),
    )
    this.#loops = Promise.all(this.#sources.map((source) => this.#work(source)))
    this.#beat()
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS)
  }

  /** How many runs it has now. */
  get running(): number {
    return this.#running.size
  }

  /**
   * Takes no more jobs, and lets runs end for `drainMs` milliseconds or until `hurry` resolves. The others are stopped:
   * they are `unavailable`, or queued again if their request says `retry`.
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
    const { queue } = this.#options
    const report = queue.redis.del(queue.key(`worker:${this.id}`))
    await Promise.allSettled([report, queue.redis.zrem(queue.key('workers'), this.id)])
  }

  /** Runs the jobs of one queue while there are slots. */
  async #work(source: JobSource): Promise<void> {
    while (!this.#isClosing) {
      try {
        const taken = await source.next()
        if (!taken) continue
        const begun = new Bell()
        const run = this.#run(taken, source.environment, begun).finally(() => {
          begun.ring()
          this.#running.delete(run)
          this.#slots.giveBack()
        })
        this.#running.add(run)
        // After an idle time there is hardly a second job: looking for one would only delay the first.
        if (taken.isFirst) await begun.heard(FIRST_MS)
      } catch (error) {
        if (this.#isClosing) return
        this.#options.logger.debug({ err: error }, 'a queue can’t be read')
        await pause(PAUSE_MS)
      }
    }
  }

  async #run(taken: TakenJob, environment: string, begun: Bell): Promise<void> {
    const { job, token } = taken
    const { logger, name } = this.#options
    const runId = job.data?.id
    try {
      const end = await this.#take(taken, environment, begun)
      logger.debug({ runId, end, worker: name }, 'a run is over')
      if (end === 'put back') return
      // What was reserved for it is free.
      if (this.#fullMs > FIRST_FULL_MS) this.#slots.endRest()
    } catch (error) {
      // Its lease ends, and a sweep finds it.
      logger.error({ err: error, runId }, 'a run could not be handled')
    }
    await job.moveToCompleted(null, token, false).catch((error) => {
      logger.debug({ err: error }, 'a job was taken away')
    })
  }

  async #take(taken: TakenJob, environment: string, begun: Bell): Promise<WorkerEnd> {
    const { job, token } = taken
    const { run, takenAtMs } = await this.#start(taken)
    if (!run) return 'skipped'
    if (run === 'full') {
      // There is no memory in Redis for its result. The random part keeps workers from trying again all at once.
      this.#slots.restFor(this.#fullMs * (0.5 + Math.random() / 2))
      this.#fullMs = Math.min(2 * this.#fullMs, LAST_FULL_MS)
      await job.moveToWait(token)
      return 'put back'
    }
    this.#fullMs = FIRST_FULL_MS
    // BullMQ's list shows who has the job; nothing depends on it.
    const onRenewed = () => void job.extendLock(token, LEASE_MS).catch(() => {})
    return this.#leases.hold({ run, takenAtMs, onRenewed }, (lost) =>
      new RunOnce(run, environment, lost, {
        ...this.#options,
        stop: this.#stop.signal,
        onStart: () => begun.ring(),
        onUnable: () => {
          this.#fullMs = FIRST_FULL_MS
          this.#slots.restFor(REST_MS)
        },
      }).run(),
    )
  }

  /**
   * Starts the run of a job, and says when that was asked for. If Redis does not answer it is asked again: it may have
   * started the run, and knows the token.
   * @throws {Error} if Redis stays away, or the worker ends.
   */
  async #start({ job: { data }, token }: TakenJob) {
    const untilMs = performance.now() + START_MS
    const worker = { id: this.id, leaseMs: LEASE_MS, bound: this.#bound }
    // Anybody may have written the data: it must not take a worker down.
    const job = { id: String(data?.id), attempt: Number(data?.attempt) }
    for (;;) {
      const takenAtMs = performance.now()
      try {
        return { run: await this.#options.queue.start(job, token, worker), takenAtMs }
      } catch (error) {
        if (this.#stop.signal.aborted || performance.now() > untilMs) throw error
        await pause(PAUSE_MS, this.#stop.signal)
      }
    }
  }

  #beat(): void {
    const { queue, name, environments, offers = [], slots } = this.#options
    const report: WorkerReport = {
      name,
      environments: [...environments],
      offers: [...offers],
      slots,
      running: this.running,
      startedAt: this.#startedAt,
    }
    void queue.run(heartbeat, this.id, JSON.stringify(report), HEARTBEAT_TTL_MS).catch(() => {})
  }
}
