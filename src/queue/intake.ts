// Takes runs on: writes them down, and queues their jobs.

import type { Redis } from 'ioredis'
import { retryAfter } from '../admission/drain-rate.ts'
import { neverFits, tooManyAtOnce } from '../admission/fair-share.ts'
import type { RunKind } from '../run/executor.ts'
import { Refusal } from '../run/refusal.ts'
import type { RunRequest } from '../run/request.ts'
import { ask } from './connection.ts'
import type { Jobs, JobTuple } from './jobs.ts'
import { type SubmitAnswer, submit } from './scripts.ts'
import { encodeEnding, failure, type RunMeta } from './stored-run.ts'

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
const DISPLACED = failure(
  'busy',
  'The waiting line is full, and who has fewer places in it goes first; try again later',
)

/** Where runs are written down, and what hands out their jobs. */
interface Place {
  redis: Redis
  key: (name: string) => string
  jobs: Jobs
}

/**
 * Takes runs on, all or none. Resolves with their ids: those of the first time where the idempotency key came before.
 * @throws {Refusal} `busy`, `rate_limited`, `conflict`, `too_large`, `unavailable`.
 */
export async function takeOn(place: Place, submission: Submission): Promise<string[]> {
  const { kind, runs } = submission
  const { jobs } = place
  const early = earlyJobs(place, submission)
  // On one connection: Redis has written the runs down when it adds the jobs. Where it had forgotten the script, a job may
  // come first: it starts nothing, and the audit adds another one.
  const [answer] = await ask(() =>
    Promise.all([writeDown(place, submission, early[0]?.[3]), jobs.enqueue(early)]),
  )
  if (answer[0] !== 'ok') {
    void jobs.enqueue(early.map((job): JobTuple => [...job, 'over'])).catch(() => {})
    return earlierIds(answer, submission)
  }
  // Runs that nobody waits for are written down already: the audit queues them.
  await ask(() => jobs.enqueue(answer[1])).catch((error) => {
    if (kind === 'sync' && early.length === 0) throw error
  })
  return runs.map(({ id }) => id)
}

/** Jobs that are added while Redis still answers: a way to Redis and back less. What may be parked has none yet. */
function earlyJobs({ redis }: Place, { runs, likelyPriority, maxConcurrent }: Submission) {
  if (likelyPriority === undefined || maxConcurrent !== undefined) return []
  if (redis.status !== 'ready') return []
  return runs.map(({ id, request }) => [id, request.environment, '0', `${likelyPriority}`] as const)
}

function writeDown(place: Place, submission: Submission, likely = ''): Promise<SubmitAnswer> {
  const { runs, idempotency } = submission
  return submit(
    place.redis,
    ...[place.key(''), submission.owner, submission.maxQueued, submission.maxConcurrent ?? 0],
    ...[submission.weight, submission.kind, idempotency?.key ?? '', idempotency?.digest ?? ''],
    ...[Math.ceil(submission.waitMs), submission.ttlMs, submission.channel ?? ''],
    ...[submission.maxBytes, encodeEnding(DISPLACED), likely],
    ...runs.flatMap(({ id, request, meta }) => [
      ...[id, request.environment, request.retry ? 1 : 0],
      ...[JSON.stringify(meta), JSON.stringify(request)],
    ]),
  )
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
