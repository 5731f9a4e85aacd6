// The runs in Redis: what servers and workers do with them. BullMQ hands jobs out; what a run is and how far it has come
// is in the scripts' keeping, so that a job that comes twice, or too late, starts nothing.

import { Job, Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { retryAfter } from '../drain-rate.ts'
import { Refusal, unavailable } from '../errors.ts'
import { tooManyAtOnce } from '../keys/key-concurrency.ts'
import type { RunRequest } from '../run.ts'
import { settlesWithin } from '../settles-within.ts'
import { connect, Script } from './connection.ts'
import * as lua from './scripts.ts'
import {
  decodeEnding,
  decodeRun,
  type Ending,
  encodeEnding,
  type RunMeta,
  type StoredRun,
} from './stored-run.ts'

/** How often a run is started at most where its request says `retry`. */
export const MAX_ATTEMPTS = 3
/**
 * How long a run has been queued at least, in milliseconds, when its job is missed: it is queued just after that is written
 * down. And how long whoever took the job may take to start the run.
 */
const AUDIT_AGE_MS = 5000
/** How many runs are audited at once. */
const AUDIT_COUNT = 500
/** Longest end that is told to who waits for it, in characters; a longer one is fetched. */
const MAX_TOLD_CHARS = 65_536
/** How long BullMQ may take to close, in milliseconds. */
const CLOSE_MS = 1000
/** How many of the last jobs stay in the queue for whoever looks at it. */
const KEPT_JOBS = 100

const scripts = {
  submit: new Script<string[]>(lua.SUBMIT),
  start: new Script<[number, string, string, string] | null>(lua.START),
  renew: new Script<string[]>(lua.RENEW),
  append: new Script<number>(lua.APPEND),
  finish: new Script<[number, JobTuple[]?]>(lua.FINISH),
  end: new Script<[number, string, string, string, JobTuple[]]>(lua.END),
  handBack: new Script<number>(lua.HAND_BACK),
  maySweep: new Script<number>(lua.MAY_SWEEP),
  sweep: new Script<[number, JobTuple[]]>(lua.SWEEP),
  audit: new Script<[number, JobTuple[]]>(lua.AUDIT),
  heartbeat: new Script<null>(lua.HEARTBEAT),
  workers: new Script<[string, string, string][]>(lua.WORKERS),
}

/** A job as scripts tell of it: run, environment, attempt, priority. With `moved` it is there, and has another one now. */
type JobTuple = [string, string, string, string, 'moved'?]

/** What a job has: the run is looked up. */
export interface JobData {
  id: string
  /** How often it had been started when it was queued. */
  attempt: number
}

export interface RunQueueOptions {
  url: string
  prefix: string
  environments: readonly string[]
  logger: Logger
}

/** A client's runs, to be taken on together. */
export interface Submission {
  kind: 'sync' | 'async'
  /** Names the client. */
  owner: string
  /** How many of the client's may go on at once; undefined: as many as there is room for. */
  maxConcurrent: number | undefined
  /** The client's share. */
  weight: number
  /** How many may wait, of all clients. */
  maxQueued: number
  waitMs: number
  /** How long they are kept when they have ended, in milliseconds. */
  ttlMs: number
  /** Where their events are told of; undefined: where each run's own are. */
  channel?: string
  idempotency?: { key: string; digest: string } | undefined
  /**
   * What the priority of a run will be, as far as one server can tell: its job is added while Redis still answers, and
   * gets another priority where that was wrong. Of at most one run.
   */
  likelyPriority?: number
  runs: readonly { id: string; request: RunRequest; meta: RunMeta }[]
}

/** A run that a worker has taken. */
export interface TakenRun {
  id: string
  attempt: number
  /** As it came, not believed yet. */
  request: unknown
  meta: string
  channel: string
}

/** What a worker says of itself. */
export interface WorkerReport {
  name: string
  environments: string[]
  slots: number
  running: number
  startedAt: string
}

/** A worker as the servers see it. */
export interface SeenWorker extends WorkerReport {
  id: string
  /** How long ago it said so, in milliseconds. */
  ageMs: number
}

/** How a run ends that was not taken in time, and one whose worker was lost. */
const TOO_LONG = encodeEnding({
  state: 'failed',
  refusal: { code: 'busy', error: 'No place became free in time; try again later' },
})
const LOST = encodeEnding({
  state: 'failed',
  refusal: {
    code: 'unavailable',
    error: 'The machine that ran the program was lost before it ended; nothing is known of it',
  },
})
const NEVER_QUEUED = encodeEnding({
  state: 'failed',
  refusal: { code: 'unavailable', error: 'The queue lost the program before it ran; try again' },
})

export class RunQueue {
  readonly redis: Redis
  readonly #prefix: string
  readonly #queues: ReadonlyMap<string, Queue>
  #knowsScripts = false

  constructor({ url, prefix, environments, logger }: RunQueueOptions) {
    this.redis = connect(url, logger)
    this.#prefix = `${prefix}:`
    // A Redis that has just been started knows none.
    this.redis.on('ready', () => {
      this.#knowsScripts = false
      void scripts.submit.load(this.redis).then(
        () => {
          this.#knowsScripts = true
        },
        () => {},
      )
    })
    this.#queues = new Map(
      environments.map((name) => {
        const queue = new Queue(queueName(name), {
          connection: this.redis,
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

  /** BullMQ's queues, by environment. */
  get queues(): ReadonlyMap<string, Queue> {
    return this.#queues
  }

  /** A name in Redis. */
  key(name: string): string {
    return this.#prefix + name
  }

  /**
   * Takes runs on, all or none. Resolves with their ids: those of the first time where the idempotency key came before.
   * @throws {Refusal} `busy`, `rate_limited`, `conflict`, `unavailable`.
   */
  async submit(submission: Submission): Promise<string[]> {
    const { runs } = submission
    const early = { jobs: [] as JobTuple[], added: Promise.resolve() }
    const [answer, ...rest] = await this.#ask(() => {
      const answered = this.#submit(submission)
      // On the same connection: Redis has written the runs down when it adds the jobs.
      if (submission.likelyPriority !== undefined && this.#knowsScripts) {
        const priority = String(submission.likelyPriority)
        early.jobs = runs.map(({ id, request }) => [id, request.environment, '0', priority])
        early.added = this.enqueue(early.jobs)
        early.added.catch(() => {})
      }
      return answered
    })
    if (answer !== 'ok') this.#takeBack(early.jobs)
    if (answer === 'same') return (rest[0] ?? '').split(' ')
    if (answer === 'conflict') {
      throw new Refusal('conflict', 'Idempotency-Key: came with another body before')
    }
    if (answer === 'limited') throw tooManyAtOnce(submission.maxConcurrent ?? 0)
    if (answer === 'busy') throw full(Number(rest[0]), Number(rest[1]))
    const jobs = runs.flatMap(({ id, request }, index): JobTuple[] => {
      const priority = rest[index] ?? '-1'
      return priority === '-1' ? [] : [[id, request.environment, '0', priority]]
    })
    if (early.jobs.length > 0) {
      await this.#ask(() => early.added)
      const others = jobs.filter((job, index) => job[3] !== early.jobs[index]?.[3])
      for (const job of others) void this.#move(job).catch(() => {})
      return runs.map(({ id }) => id)
    }
    // Runs that nobody waits for are written down already: the audit queues them.
    await this.#ask(() => this.enqueue(jobs)).catch((error) => {
      if (submission.kind === 'sync') throw error
    })
    return runs.map(({ id }) => id)
  }

  #submit(submission: Submission): Promise<string[]> {
    const { runs, idempotency } = submission
    return this.#run(
      scripts.submit,
      ...[submission.owner, submission.maxQueued, submission.maxConcurrent ?? 0],
      ...[submission.weight, submission.kind, idempotency?.key ?? '', idempotency?.digest ?? ''],
      ...[Math.ceil(submission.waitMs), submission.ttlMs, submission.channel ?? ''],
      ...runs.flatMap(({ id, request, meta }) => [
        ...[id, request.environment, request.retry ? 1 : 0],
        ...[JSON.stringify(meta), JSON.stringify(request)],
      ]),
    )
  }

  /** Jobs of runs that were refused: nobody could start them. */
  #takeBack(jobs: readonly JobTuple[]): void {
    for (const [id, environment, attempt] of jobs) {
      void this.#queues
        .get(environment)
        ?.remove(`${id}-${attempt}`)
        .catch(() => {})
    }
  }

  /** Gives jobs to whoever takes them first. A job that is there already stays as it is. */
  async enqueue(jobs: readonly JobTuple[]): Promise<void> {
    await Promise.all(
      [...this.#queues].map(async ([environment, queue]) => {
        const mine = jobs.filter((job) => job[1] === environment && job[4] !== 'moved')
        const [first] = mine
        if (!first) return
        const bulk = mine.map(([id, , attempt, priority]) => ({
          name: 'run',
          data: { id, attempt: Number(attempt) } satisfies JobData,
          opts: { jobId: `${id}-${attempt}`, priority: Number(priority) },
        }))
        if (bulk.length > 1) await queue.addBulk(bulk)
        else await Promise.all(bulk.map(({ name, data, opts }) => queue.add(name, data, opts)))
      }),
    )
    // Where this fails, the next end of the client's moves it.
    await Promise.all(jobs.filter((job) => job[4] === 'moved').map((job) => this.#move(job)))
  }

  /** Undefined where nobody may start it by this job (any more). */
  async start(job: JobData, workerId: string, leaseMs: number): Promise<TakenRun | undefined> {
    const taken = await this.#run(scripts.start, job.id, job.attempt, workerId, leaseMs)
    if (!taken) return undefined
    const [attempt, request, meta, channel] = taken
    return { id: job.id, attempt, request: JSON.parse(request), meta, channel }
  }

  /** Those that are not the worker's any more. */
  async renew<T extends Pick<TakenRun, 'id' | 'attempt'>>(
    runs: readonly T[],
    leaseMs: number,
  ): Promise<T[]> {
    const pairs = runs.flatMap(({ id, attempt }) => [id, attempt])
    const lost = await this.#run(scripts.renew, leaseMs, ...pairs)
    const names = new Set(lost.map((id, at) => (at % 2 === 0 ? `${id} ${lost[at + 1]}` : '')))
    return runs.filter(({ id, attempt }) => names.has(`${id} ${attempt}`))
  }

  /** Whether the run is still the worker's. `seq` is the place of the first of these events, from 1. */
  async append(
    { id, attempt }: Pick<TakenRun, 'id' | 'attempt'>,
    seq: number,
    events: readonly { type: string; data: object }[],
  ): Promise<boolean> {
    const fields = events.flatMap(({ type, data }) => [type, JSON.stringify(data)])
    return (await this.#run(scripts.append, id, attempt, seq, ...fields)) === 1
  }

  /** Whether this is how the run ended. `isAwaited`: somebody waits for the end alone, and is told it at once if it is short. */
  async finish(
    run: Pick<TakenRun, 'id' | 'attempt'>,
    ending: Ending,
    isAwaited = false,
  ): Promise<boolean> {
    const text = encodeEnding(ending)
    const isTold = isAwaited && text.length <= MAX_TOLD_CHARS
    const [isMine, jobs = []] = await this.#run(
      scripts.finish,
      ...[run.id, run.attempt, ending.state, text, isTold ? 1 : 0],
    )
    await this.enqueue(jobs)
    return isMine === 1
  }

  /** Ends a run from outside. The worker that runs it, if one does, is told. */
  async end(id: string, ending: Ending): Promise<boolean> {
    const [isEnded, environment, attempt, worker, jobs] = await this.#run(
      scripts.end,
      ...[id, ending.state, encodeEnding(ending)],
    )
    if (isEnded === 0) return false
    if (worker) await this.redis.publish(this.key(`worker:${worker}`), id)
    else await this.#queues.get(environment)?.remove(`${id}-${attempt}`)
    await this.enqueue(jobs)
    return true
  }

  /** Gives a run back that did not begin; how often that happened to it. 0 where it is not the worker's any more. */
  async handBack(run: Pick<TakenRun, 'id' | 'attempt'>, environment: string): Promise<number> {
    const count = await this.#run(scripts.handBack, run.id, run.attempt)
    if (count > 0) await this.enqueue([[run.id, environment, String(run.attempt), '0']])
    return count
  }

  /** Whether this process is the one to sweep, and no other for so long. */
  async maySweep(lockMs: number): Promise<boolean> {
    return (await this.#run(scripts.maySweep, lockMs)) === 1
  }

  /** Ends, or queues again, what nobody goes on with. */
  async sweep(): Promise<void> {
    for (;;) {
      const [seen, jobs] = await this.#run(scripts.sweep, MAX_ATTEMPTS, TOO_LONG, LOST)
      await this.enqueue(jobs)
      if (seen === 0) return
    }
  }

  /** Looks whether some of the unfinished runs have lost their jobs, from a place on; where to go on. */
  async audit(from: number): Promise<number> {
    const bull = `${bullPrefix(this.#prefix.slice(0, -1))}`
    const [all, jobs] = await this.#run(
      scripts.audit,
      ...[from, AUDIT_COUNT, bull, AUDIT_AGE_MS, NEVER_QUEUED],
    )
    await this.enqueue(jobs)
    return from + AUDIT_COUNT < all ? from + AUDIT_COUNT : 0
  }

  /** Undefined where there is no such run, or none any more. */
  async find(id: string): Promise<StoredRun | undefined> {
    const fields = await this.redis.hgetall(this.key(`run:${id}`))
    return fields.state === undefined ? undefined : decodeRun(fields)
  }

  async exists(id: string): Promise<boolean> {
    return (await this.redis.exists(this.key(`run:${id}`))) === 1
  }

  /** How a run ended; undefined where it has not, or is not there. */
  async ending(id: string): Promise<Ending | undefined> {
    const [last] = await this.redis.xrevrange(this.key(`events:${id}`), '+', '-', 'COUNT', 1)
    const [, fields] = last ?? []
    return fields?.[1] === 'end' ? decodeEnding(fields[3] ?? '') : undefined
  }

  /** Events of a run after a place. */
  async events(id: string, after: string): Promise<{ id: string; type: string; data: string }[]> {
    const found = await this.redis.xread('STREAMS', this.key(`events:${id}`), after)
    const [, entries] = found?.[0] ?? []
    return (entries ?? []).map(([eventId, fields]) => ({
      ...{ id: eventId, type: fields[1] ?? '', data: fields[3] ?? '' },
    }))
  }

  async heartbeat(workerId: string, report: WorkerReport, ttlMs: number): Promise<void> {
    await this.#run(scripts.heartbeat, workerId, JSON.stringify(report), ttlMs)
  }

  /** A worker is there no more. */
  async goodbye(workerId: string): Promise<void> {
    await this.redis.del(this.key(`worker:${workerId}`))
    await this.redis.zrem(this.key('workers'), workerId)
  }

  /** The workers that are there. */
  async workers(): Promise<SeenWorker[]> {
    const found = await this.#run(scripts.workers)
    return found.flatMap(([id, report, ageMs]) =>
      report ? [{ ...(JSON.parse(report) as WorkerReport), id, ageMs: Number(ageMs) }] : [],
    )
  }

  async close(): Promise<void> {
    const closed = Promise.all([...this.#queues.values()].map((queue) => queue.close()))
    // Where Redis is away it may wait for that.
    await settlesWithin(closed, CLOSE_MS).catch(() => {})
    this.redis.disconnect()
  }

  #run<T>(script: Script<T>, ...args: (string | number)[]): Promise<T> {
    return script.run(this.redis, this.#prefix, ...args)
  }

  async #move([id, environment, attempt, priority]: JobTuple): Promise<void> {
    const queue = this.#queues.get(environment)
    const job = queue && (await Job.fromId(queue, `${id}-${attempt}`))
    await job?.changePriority({ priority: Number(priority) })
  }

  /** @throws {Refusal} `unavailable` where Redis is. */
  async #ask<T>(ask: () => Promise<T>): Promise<T> {
    return ask().catch((error) => {
      throw error instanceof Refusal ? error : unavailable(error)
    })
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

/** Until the line has drained at the present rate. */
function full(waiting: number, endsPerSecond: number): Refusal {
  const seconds = endsPerSecond > 0 ? Math.ceil(waiting / endsPerSecond) : Number.POSITIVE_INFINITY
  return new Refusal('busy', 'The waiting line is full; try again later', {
    headers: { 'Retry-After': retryAfter(seconds) },
  })
}
