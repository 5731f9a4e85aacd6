// Takes runs on: writes them down, and queues their jobs.

import { retryAfter } from '../admission/drain-rate.ts'
import { neverFits, tooManyAtOnce } from '../admission/fair-share.ts'
import type { RunKind } from '../run/executor.ts'
import { Refusal } from '../run/refusal.ts'
import type { RunRequest } from '../run/request.ts'
import { ask } from './connection.ts'
import type { Jobs, JobTuple } from './jobs.ts'
import { type RedisScripts, type SubmitAnswer, scripts } from './redis-scripts.ts'
import { encodeEnding, type RunMeta } from './stored-run.ts'

/** A client's runs, to be taken on together. */
export interface Submission {
  kind: RunKind
  /** Names the client. */
  owner: string
  /** How many of the client's may go on at once; undefined: as many as there is room for. */
  maxConcurrent: number | undefined
  /** The client's share. */
  weight: number
  /** How many of its kind may wait, of all clients. */
  maxQueued: number
  /** How much memory all runs may take in Redis, about; the results of who has most make way. */
  maxBytes: number
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

/** How a synchronous run ends that leaves a full line to a client with fewer. */
const DISPLACED = encodeEnding({
  state: 'failed',
  refusal: {
    code: 'busy',
    error: 'The waiting line is full, and who has fewer places in it goes first; try again later',
  },
})

export class Intake {
  readonly #scripts: RedisScripts
  readonly #jobs: Jobs

  constructor(redisScripts: RedisScripts, jobs: Jobs) {
    this.#scripts = redisScripts
    this.#jobs = jobs
  }

  /**
   * Takes runs on, all or none. Resolves with their ids: those of the first time where the idempotency key came before.
   * @throws {Refusal} `busy`, `rate_limited`, `conflict`, `too_large`, `unavailable`.
   */
  async submit(submission: Submission): Promise<string[]> {
    const { runs } = submission
    const early = { jobs: [] as JobTuple[], added: Promise.resolve() }
    const answer = await ask(() => {
      const answered = this.#submit(submission)
      // On the same connection: Redis has written the runs down when it adds the jobs. What may be parked has none yet.
      const { likelyPriority, maxConcurrent } = submission
      const isCertain = likelyPriority !== undefined && maxConcurrent === undefined
      if (isCertain && this.#scripts.knowsSubmit) {
        const priority = String(likelyPriority)
        early.jobs = runs.map(({ id, request }) => [id, request.environment, '0', priority])
        early.added = this.#jobs.enqueue(early.jobs)
        early.added.catch(() => {})
      }
      return answered
    })
    if (answer[0] !== 'ok') {
      this.#takeBack(early.jobs)
      return earlierIds(answer, submission)
    }
    const [, priorities, others] = answer
    const jobs = runs.flatMap(({ id, request }, index): JobTuple[] => {
      const priority = priorities[index] ?? '-1'
      return priority === '-1' ? [] : [[id, request.environment, '0', priority]]
    })
    if (early.jobs.length > 0) {
      await ask(() => early.added)
      const wrong = jobs.filter((job, index) => job[3] !== early.jobs[index]?.[3])
      for (const job of wrong) void this.#jobs.move(job).catch(() => {})
      void this.#jobs.enqueue(others).catch(() => {})
      return runs.map(({ id }) => id)
    }
    // Runs that nobody waits for are written down already: the audit queues them.
    await ask(() => this.#jobs.enqueue([...jobs, ...others])).catch((error) => {
      if (submission.kind === 'sync') throw error
    })
    return runs.map(({ id }) => id)
  }

  #submit(submission: Submission): Promise<SubmitAnswer> {
    const { runs, idempotency } = submission
    return this.#scripts.run(
      scripts.submit,
      ...[submission.owner, submission.maxQueued, submission.maxConcurrent ?? 0],
      ...[submission.weight, submission.kind, idempotency?.key ?? '', idempotency?.digest ?? ''],
      ...[Math.ceil(submission.waitMs), submission.ttlMs, submission.channel ?? ''],
      ...[submission.maxBytes, DISPLACED],
      ...runs.flatMap(({ id, request, meta }) => [
        ...[id, request.environment, request.retry ? 1 : 0],
        ...[JSON.stringify(meta), JSON.stringify(request)],
      ]),
    )
  }

  /** Jobs of runs that were refused: nobody could start them. */
  #takeBack(jobs: readonly JobTuple[]): void {
    for (const [id, environment, attempt] of jobs) {
      void this.#jobs.remove(id, environment, attempt).catch(() => {})
    }
  }
}

/** The ids of the first time, where the runs came before. @throws {Refusal} where they were refused. */
function earlierIds(
  answer: Exclude<SubmitAnswer, ['ok', ...unknown[]]>,
  { maxConcurrent }: Submission,
) {
  switch (answer[0]) {
    case 'same':
      return answer[1].split(' ')
    case 'conflict':
      throw new Refusal('conflict', 'Idempotency-Key: came with another body before')
    case 'too_large':
      throw neverFits()
    case 'limited':
      throw tooManyAtOnce(maxConcurrent ?? 0)
    case 'busy':
      throw full('waiting line', Number(answer[1]), Number(answer[2]))
    case 'full':
      throw full('memory for programs', Number(answer[1]), Number(answer[2]))
  }
}

/** Until the line has drained at the present rate. */
function full(what: string, waiting: number, endsPerSecond: number): Refusal {
  const seconds = endsPerSecond > 0 ? Math.ceil(waiting / endsPerSecond) : Number.POSITIVE_INFINITY
  return new Refusal('busy', `The ${what} is full; try again later`, {
    headers: { 'Retry-After': retryAfter(seconds) },
  })
}
