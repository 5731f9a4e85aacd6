// The runs in Redis: what servers and workers do with them. BullMQ hands jobs out; the scripts keep what a run is and how
// far it has come, so that a job that comes twice, or too late, starts nothing.

import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { connect, connectForLarge } from './connection.ts'
import { bullPrefix, type JobData, Jobs } from './jobs.ts'
import type { Script } from './lua.ts'
import type { ResultBound } from './result-bound.ts'
import * as scripts from './scripts.ts'
import {
  decodeEnding,
  decodeReport,
  decodeRun,
  type Ending,
  failure,
  STORED_FIELDS,
  type StoredRun,
  tryRead,
  type WorkerReport,
} from './stored-run.ts'

/** How often a run is started at most if its request says `retry`. */
export const MAX_ATTEMPTS = 3
/**
 * How old a queued run is at least, in milliseconds, when its job is missed: the job is added just after the run is
 * written down. And how long a worker may take to start the run of a job that it has taken.
 */
const AUDIT_AGE_MS = 5000
/** How many runs one audit checks. */
const AUDIT_COUNT = 500
/** Longest end that is published, in characters; a longer one is fetched. */
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
  /** How many starts of its program were written down before. */
  starts: number
  /** Longest end that is reserved for it, in bytes. */
  maxEndBytes: number
  /** The request, not validated; undefined if it is no JSON. */
  request: unknown
  meta: string
  channel: string
}

/** An event of a run. */
export interface StoredEvent {
  id: string
  type: string
  data: string
}

/** A run while a worker has it. */
type Held = Pick<TakenRun, 'id' | 'attempt'>

/** A worker as the servers see it. */
export interface SeenWorker extends WorkerReport {
  id: string
  /** Age of its last heartbeat, in milliseconds. */
  ageMs: number
}

/** The ends of runs that were not taken in time, or whose worker or job was lost, or whose result is too large. */
const TOO_LONG = failure('busy', 'No slot became free in time; try again later')
const LOST = failure(
  'unavailable',
  'The machine that ran the program was lost before it ended; nothing is known of it',
)
const NEVER_QUEUED = failure('unavailable', 'The queue lost the program before it ran; try again')
const TOO_LARGE = failure(
  'too_large',
  'The program’s result is larger than the machine that ran it may send back',
)

export class RunQueue {
  readonly redis: Redis
  /** For events and results, which may be large. */
  readonly #large: Redis
  readonly jobs: Jobs
  readonly #prefix: string

  constructor({ url, prefix, environments, logger }: RunQueueOptions) {
    this.redis = connect(url, logger)
    this.#large = connectForLarge(url)
    this.#prefix = prefix
    this.jobs = new Jobs(this.redis, bullPrefix(prefix), environments)
  }

  /** A name in Redis. */
  key(name: string): string {
    return `${this.#prefix}:${name}`
  }

  /** Calls a script. Rejects if Redis is away. */
  run<T>(script: Script<T>, ...args: (string | number)[]): Promise<T> {
    return script(this.redis, this.key(''), ...args)
  }

  /** Sets how many runs these clients may have at once; undefined: no limit. */
  async setLimits(limits: readonly { owner: string; maxConcurrent: number | undefined }[]) {
    if (limits.length === 0) return
    const pairs = limits.flatMap(({ owner, maxConcurrent = 0 }) => [owner, maxConcurrent])
    await this.jobs.enqueue(await this.run(scripts.setLimits, ...pairs))
  }

  /**
   * Starts the run of a job. Undefined if the job is not valid (any more); `full` if there is no memory for the result,
   * and another attempt may be made later. The same token again gets the same answer, and a new lease. The run stays the
   * worker's for `leaseMs` milliseconds without a renewal; `bound` is reserved in Redis until it has ended.
   */
  async start(
    job: JobData,
    token: string,
    { id: workerId, leaseMs, bound }: { id: string; leaseMs: number; bound: ResultBound },
  ): Promise<TakenRun | 'full' | undefined> {
    const { endBytes, filesBytes, eventsBytes } = bound
    const taken = await this.run(
      scripts.start,
      ...[job.id, job.attempt, workerId, leaseMs, token, endBytes, filesBytes, eventsBytes],
    ).catch((error) => {
      // Nothing was written: Redis refuses a script's first write if its memory is full.
      if (String(error).includes('OOM ')) return ['full'] as ['full']
      throw error
    })
    if (!taken) return undefined
    if (taken[0] === 'full') return 'full'
    const [attempt, json, meta, channel, starts, hasFiles] = taken
    const request: unknown = tryRead(() => JSON.parse(json))
    const maxEndBytes = endBytes + (hasFiles === 1 ? filesBytes : 0)
    return { id: job.id, attempt, starts, meta, channel, request, maxEndBytes }
  }

  /** Renews leases. Resolves with the runs that are not the worker's any more. */
  async renew<T extends Held>(runs: readonly T[], leaseMs: number): Promise<T[]> {
    const pairs = runs.flatMap(({ id, attempt }) => [id, attempt])
    const lost = await this.run(scripts.renew, leaseMs, ...pairs)
    return lost.flatMap((at) => runs[at] ?? [])
  }

  /** Adds events. Resolves with whether the run is still the worker's. `seq` is the number of the first event, from 1. */
  async append(
    { id, attempt }: Held,
    seq: number,
    events: readonly { type: string; data: object }[],
  ): Promise<boolean> {
    const fields = events.flatMap(({ type, data }) => [type, JSON.stringify(data)])
    return (await scripts.append(this.#large, this.key(''), id, attempt, seq, ...fields)) === 1
  }

  /**
   * Ends a run. Resolves with whether this is its end; the same end again changes nothing. If only the end is waited for
   * (`isAwaited`) it is published, unless it is long. An end that is longer than was reserved is replaced by a failure.
   * Settles when Redis has answered, however long it takes, or the connection has ended.
   */
  async finish(
    run: Held & Pick<TakenRun, 'maxEndBytes'>,
    given: Ending,
    isAwaited = false,
  ): Promise<boolean> {
    let ending = given
    let text = JSON.stringify(given)
    if (Buffer.byteLength(text) > run.maxEndBytes) {
      ending = TOO_LARGE
      text = JSON.stringify(TOO_LARGE)
    }
    const isTold = isAwaited && text.length <= MAX_TOLD_CHARS
    const [isMine, jobs] = await scripts.finish(
      this.#large,
      ...[this.key(''), run.id, run.attempt, ending.state, text, isTold ? 1 : 0],
    )
    // The end is written down. If jobs can't be queued now, the audit queues them.
    await this.jobs.enqueue(jobs).catch(() => {})
    return isMine === 1
  }

  /** Ends a run from outside. A worker that runs it is told. */
  async end(id: string, ending: Ending): Promise<boolean> {
    const answer = await this.run(scripts.end, id, ending.state, JSON.stringify(ending))
    if (answer[0] === 0) return false
    const [, worker, jobs] = answer
    if (worker) await this.redis.publish(this.key(`worker:${worker}`), id).catch(() => {}) // its next renewal tells it
    await this.jobs.enqueue(jobs).catch(() => {})
    return true
  }

  /** Hands a run back whose program did not begin. Resolves with how often that happened; 0 if it is not the worker's. */
  async handBack({ id, attempt }: Held, environment: string): Promise<number> {
    const count = await this.run(scripts.handBack, id, attempt)
    if (count > 0) await this.jobs.enqueue([[id, environment, String(attempt), '0']])
    return count
  }

  /** Ends, or queues again, the runs whose wait or lease is over. */
  async sweep(): Promise<void> {
    const late = [TOO_LONG, LOST].map((ending) => JSON.stringify(ending))
    for (;;) {
      const [seen, jobs] = await this.run(scripts.sweep, MAX_ATTEMPTS, ...late)
      await this.jobs.enqueue(jobs)
      if (seen === 0) return
    }
  }

  /** Checks whether some unfinished runs have lost their jobs, from a place on. Resolves with the next place. */
  async audit(from: number): Promise<number> {
    const queues = bullPrefix(this.#prefix)
    const lost = JSON.stringify(NEVER_QUEUED)
    const args = [from, AUDIT_COUNT, queues, AUDIT_AGE_MS, lost]
    const [all, jobs] = await this.run(scripts.audit, ...args)
    await this.jobs.enqueue(jobs)
    return from + AUDIT_COUNT < all ? from + AUDIT_COUNT : 0
  }

  /** Finds a run, without its request, which may be megabytes, or with it if it is still there. */
  async find(id: string, { withRequest = false } = {}): Promise<StoredRun | undefined> {
    const names = withRequest ? STORED_FIELDS : STORED_FIELDS.slice(0, -1)
    const values = await this.redis.hmget(this.key(`run:${id}`), ...names)
    const pairs = names.flatMap((name, at) => (values[at] == null ? [] : [[name, values[at]]]))
    const fields: Record<string, string> = Object.fromEntries(pairs)
    return fields.state === undefined ? undefined : decodeRun({ ...fields, id })
  }

  /** The end of an asynchronous run was handled: its request is removed, and its result may be if memory is needed. */
  async seen(id: string): Promise<void> {
    await this.run(scripts.seen, id)
  }

  /** Removes a finished run. */
  async forget(id: string): Promise<void> {
    await this.run(scripts.forget, id)
  }

  /** The end of a run; undefined if it has none, or is not there. */
  async ending(id: string): Promise<Ending | undefined> {
    const found = await this.redis.xrevrange(this.key(`events:${id}`), '+', '-', 'COUNT', 1)
    const [last] = found.map(toEvent)
    return last?.type === 'end' ? decodeEnding(last.data) : undefined
  }

  /** The events of a run after a place. */
  async events(id: string, after: string): Promise<StoredEvent[]> {
    const found = await this.redis.xread('STREAMS', this.key(`events:${id}`), after)
    return (found?.[0]?.[1] ?? []).map(toEvent)
  }

  /**
   * The memory that runs take in Redis, in bytes, estimated. `reserved` is for the results of runs that go on; `pinned` is
   * the part of `kept` that can't be removed yet, because no server has handled the ends of these runs.
   */
  async bytes() {
    const names = ['bytes:sync', 'bytes:async', 'kept:bytes', 'reserved:bytes', 'pinned:bytes']
    const sums = await this.redis.mget(names.map((name) => this.key(name)))
    const [sync = 0, async = 0, kept = 0, reserved = 0, pinned = 0] = sums.map(Number)
    return { unfinished: sync + async, kept, reserved, pinned }
  }

  /** The workers with a recent heartbeat. */
  async workers(): Promise<SeenWorker[]> {
    const found = await this.run(scripts.workers)
    return found.flatMap(([id, json, ageMs]) => {
      const report = decodeReport(json)
      return report ? [{ ...report, id, ageMs: Number(ageMs) }] : []
    })
  }

  /** Connects early where programs run: the first event should not wait for a connection. */
  connectForRuns(): void {
    void this.#large.connect().catch(() => {}) // it is tried again
  }

  async close(): Promise<void> {
    await this.jobs.close()
    this.redis.disconnect()
    this.#large.disconnect()
  }
}

/** An event from the form that Redis has it in. */
function toEvent([id, fields]: [id: string, fields: string[]]): StoredEvent {
  return { id, type: fields[1] ?? '', data: fields[3] ?? '' }
}
