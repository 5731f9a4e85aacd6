// The runs in Redis: what servers and workers do with them. BullMQ hands jobs out; what a run is and how far it has come
// is in the scripts' keeping, so that a job that comes twice, or too late, starts nothing.

import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { connect, connectForLarge } from './connection.ts'
import { type Submission, takeOn } from './intake.ts'
import { bullPrefix, type JobData, Jobs } from './jobs.ts'
import type { Script } from './lua.ts'
import type { ResultBound } from './result-bound.ts'
import * as scripts from './scripts.ts'
import {
  decodeEnding,
  decodeReport,
  decodeRun,
  type Ending,
  encodeEnding,
  failure,
  STORED_FIELDS,
  type StoredRun,
  type WorkerReport,
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

export interface RunQueueOptions {
  url: string
  prefix: string
  environments: readonly string[]
  logger: Logger
}

/** A run that a worker has taken. */
export interface TakenRun {
  id: string
  attempt: number
  /** How often its program was started before, as far as that was written down. */
  starts: number
  /** Longest end that there is room for, in bytes. */
  maxEndBytes: number
  /** As it came, not believed yet; undefined where it is no JSON. */
  request: unknown
  meta: string
  channel: string
}

/** What starts runs. */
export interface Starter {
  id: string
  /** How long a run is the worker's without word of it, in milliseconds. */
  leaseMs: number
  /** What a run may take in Redis until it has ended. */
  bound: ResultBound
}

/** What runs take in Redis, in bytes. */
export interface QueueBytes {
  unfinished: number
  kept: number
  /** What may still come of those that go on, at most. */
  reserved: number
  /** Of what is kept: that which can't make way yet, because nobody has seen to its end. */
  pinned: number
}

/** A worker as the servers see it. */
export interface SeenWorker extends WorkerReport {
  id: string
  /** How long ago it said so, in milliseconds. */
  ageMs: number
}

/** How a run ends that was not taken in time, and one whose worker was lost. */
const TOO_LONG = failure('busy', 'No place became free in time; try again later')
const LOST = failure(
  'unavailable',
  'The machine that ran the program was lost before it ended; nothing is known of it',
)
const NEVER_QUEUED = failure('unavailable', 'The queue lost the program before it ran; try again')
const TOO_LARGE = failure(
  'too_large',
  'What the program left is more than the machine that ran it may send back',
)

export class RunQueue {
  readonly redis: Redis
  /** For what workers send of their runs. */
  readonly #large: Redis
  readonly jobs: Jobs
  readonly #prefix: string

  constructor({ url, prefix, environments, logger }: RunQueueOptions) {
    this.redis = connect(url, logger)
    this.#large = connectForLarge(url)
    this.#prefix = prefix
    this.jobs = new Jobs(this.redis, prefix, environments)
  }

  /** A name in Redis. */
  key(name: string): string {
    return `${this.#prefix}:${name}`
  }

  /**
   * Takes runs on, all or none. Resolves with their ids: those of the first time where the idempotency key came before.
   * @throws {Refusal} `busy`, `rate_limited`, `conflict`, `too_large`, `unavailable`.
   */
  submit(submission: Submission): Promise<string[]> {
    return takeOn(this, submission)
  }

  /** These clients may have so many runs at once from now on; undefined: as many as there is room for. */
  async setLimits(limits: readonly { owner: string; maxConcurrent: number | undefined }[]) {
    if (limits.length === 0) return
    const pairs = limits.flatMap(({ owner, maxConcurrent = 0 }) => [owner, maxConcurrent])
    await this.jobs.enqueue(await this.#run(scripts.setLimits, ...pairs))
  }

  /**
   * Undefined where nobody may start it by this job (any more); `full` where there is no memory for what may come of it, and
   * somebody may try again later. The same token again is answered the same, and the lease begins anew.
   */
  async start(
    job: JobData,
    token: string,
    worker: Starter,
  ): Promise<TakenRun | 'full' | undefined> {
    const { id: workerId, leaseMs, bound } = worker
    const { endBytes, filesBytes, eventsBytes } = bound
    const taken = await this.#run(
      scripts.start,
      ...[job.id, job.attempt, workerId, leaseMs, token, endBytes, filesBytes, eventsBytes],
    ).catch((error) => {
      // Nothing was written: a script that begins to write where memory is full is refused.
      if (String(error).includes('OOM ')) return ['full'] as ['full']
      throw error
    })
    if (!taken) return undefined
    if (taken[0] === 'full') return 'full'
    const [attempt, request, meta, channel, starts, hasFiles] = taken
    return {
      id: job.id,
      attempt,
      starts,
      meta,
      channel,
      request: readJson(request),
      maxEndBytes: endBytes + (hasFiles === 1 ? filesBytes : 0),
    }
  }

  /** Those that are not the worker's any more. */
  async renew<T extends Pick<TakenRun, 'id' | 'attempt'>>(
    runs: readonly T[],
    leaseMs: number,
  ): Promise<T[]> {
    const pairs = runs.flatMap(({ id, attempt }) => [id, attempt])
    const lost = await this.#run(scripts.renew, leaseMs, ...pairs)
    return lost.flatMap((at) => runs[at] ?? [])
  }

  /** Whether the run is still the worker's. `seq` is the place of the first of these events, from 1. */
  async append(
    { id, attempt }: Pick<TakenRun, 'id' | 'attempt'>,
    seq: number,
    events: readonly { type: string; data: object }[],
  ): Promise<boolean> {
    const fields = events.flatMap(({ type, data }) => [type, JSON.stringify(data)])
    return (await scripts.append(this.#large, this.key(''), id, attempt, seq, ...fields)) === 1
  }

  /**
   * Whether this is how the run ended; the same end again changes nothing. `isAwaited`: somebody waits for the end alone, and
   * is told it at once if it is short. An end that is longer than there is room for is none: the run has failed then.
   * Settles when Redis has answered, however long it takes, or the connection has ended.
   */
  async finish(
    run: Pick<TakenRun, 'id' | 'attempt' | 'maxEndBytes'>,
    given: Ending,
    isAwaited = false,
  ): Promise<boolean> {
    let { state } = given
    let text = encodeEnding(given)
    if (Buffer.byteLength(text) > run.maxEndBytes) {
      state = TOO_LARGE.state
      text = encodeEnding(TOO_LARGE)
    }
    const isTold = isAwaited && text.length <= MAX_TOLD_CHARS
    const [isMine, jobs] = await scripts.finish(
      this.#large,
      ...[this.key(''), run.id, run.attempt, state, text, isTold ? 1 : 0],
    )
    // It is written down: where jobs can't be queued now, the audit queues them.
    await this.jobs.enqueue(jobs).catch(() => {})
    return isMine === 1
  }

  /** Ends a run from outside. The worker that runs it, if one does, is told. */
  async end(id: string, ending: Ending): Promise<boolean> {
    const answer = await this.#run(scripts.end, id, ending.state, encodeEnding(ending))
    if (answer[0] === 0) return false
    const [, worker, jobs] = answer
    if (worker) await this.redis.publish(this.key(`worker:${worker}`), id).catch(() => {}) // its next renewal tells it
    await this.jobs.enqueue(jobs).catch(() => {})
    return true
  }

  /** Gives a run back that did not begin; how often that happened to it. 0 where it is not the worker's any more. */
  async handBack(run: Pick<TakenRun, 'id' | 'attempt'>, environment: string): Promise<number> {
    const count = await this.#run(scripts.handBack, run.id, run.attempt)
    if (count > 0) await this.jobs.enqueue([[run.id, environment, String(run.attempt), '0']])
    return count
  }

  /** Whether this process is the one to sweep, and no other for so long. */
  async maySweep(lockMs: number): Promise<boolean> {
    return (await this.#run(scripts.maySweep, lockMs)) === 1
  }

  /** Ends, or queues again, what nobody goes on with. */
  async sweep(): Promise<void> {
    const late = [TOO_LONG, LOST].map(encodeEnding)
    for (;;) {
      const [seen, jobs] = await this.#run(scripts.sweep, MAX_ATTEMPTS, ...late)
      await this.jobs.enqueue(jobs)
      if (seen === 0) return
    }
  }

  /** Looks whether some of the unfinished runs have lost their jobs, from a place on; where to go on. */
  async audit(from: number): Promise<number> {
    const [all, jobs] = await this.#run(
      scripts.audit,
      ...[from, AUDIT_COUNT, bullPrefix(this.#prefix), AUDIT_AGE_MS, encodeEnding(NEVER_QUEUED)],
    )
    await this.jobs.enqueue(jobs)
    return from + AUDIT_COUNT < all ? from + AUDIT_COUNT : 0
  }

  /**
   * Without its request, which may be megabytes; or with it, where it is still there. Undefined where there is no such run, or
   * none any more.
   */
  async find(id: string, { withRequest = false } = {}): Promise<StoredRun | undefined> {
    const names = withRequest ? [...STORED_FIELDS, 'request'] : STORED_FIELDS
    const values = await this.redis.hmget(this.key(`run:${id}`), ...names)
    const fields: Record<string, string> = {}
    for (const [index, name] of names.entries()) {
      const value = values[index]
      if (typeof value === 'string') fields[name] = value
    }
    return fields.state === undefined ? undefined : decodeRun(fields)
  }

  /** Somebody has seen to the end of an asynchronous run: its program goes, and it may go itself before its time. */
  async seen(id: string): Promise<void> {
    await this.#run(scripts.seen, id)
  }

  /** Lets a run go that has ended, and that nobody asks for any more. */
  async forget(id: string): Promise<void> {
    await this.#run(scripts.forget, id)
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
      id: eventId,
      type: fields[1] ?? '',
      data: fields[3] ?? '',
    }))
  }

  /** What runs take in Redis, about. */
  async bytes(): Promise<QueueBytes> {
    const names = ['bytes', 'kept:bytes', 'reserved:bytes', 'pinned:bytes']
    const sums = await this.redis.mget(names.map((name) => this.key(name)))
    const [unfinished = 0, kept = 0, reserved = 0, pinned = 0] = sums.map(Number)
    return { unfinished, kept, reserved, pinned }
  }

  /** How many bytes an asynchronous run that has ended takes in Redis, about; 0 where it is not kept any more. */
  async keptBytes(id: string): Promise<number> {
    const size = await this.redis.hget(this.key('kept:size'), id)
    return Number.parseInt(size ?? '0', 10)
  }

  /** How many wait in the line that somebody waits for. */
  synchronous(): Promise<number> {
    return this.redis.hlen(this.key('line:sync'))
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
    return found.flatMap(([id, json, ageMs]) => {
      const report = decodeReport(json)
      return report ? [{ ...report, id, ageMs: Number(ageMs) }] : []
    })
  }

  /** To be called where programs run: the first event of one should not wait until there is a connection for it. */
  connectForRuns(): void {
    void this.#large.connect().catch(() => {}) // it is tried again
  }

  async close(): Promise<void> {
    await this.jobs.close()
    this.redis.disconnect()
    this.#large.disconnect()
  }

  #run<T>(script: Script<T>, ...args: (string | number)[]): Promise<T> {
    return script(this.redis, this.key(''), ...args)
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
