// Takes runs on: writes them down, and queues their jobs.

import { retryAfter } from '../admission/drain-rate.ts'
import { neverFits, tooManyAtOnce } from '../admission/fair-share.ts'
import type { RunKind } from '../run/executor.ts'
import { Refusal } from '../run/refusal.ts'
import type { RunRequest } from '../run/request.ts'
import { ask } from './connection.ts'
import type { Hub } from './hub.ts'
import type { JobTuple } from './jobs.ts'
import type { RunQueue } from './run-queue.ts'
import { type SubmitAnswer, submit } from './scripts.ts'
import { failure, type RunMeta } from './stored-run.ts'

/** Limits of runs that a server takes on. */
export interface QueueLimits {
  /** Most runs of one kind that wait in the queue, of all clients. */
  maxQueued: number
  /** Most memory that all runs take in Redis, in bytes, estimated; old results are removed for new ones. */
  maxBytes: number
  /** How long a run may wait for a worker, in milliseconds. */
  waitMs: number
  /** How long a finished run is kept, in milliseconds. */
  ttlMs: number
}

/** The parts of a server that take runs on. */
export interface IntakeOptions {
  queue: RunQueue
  hub: Hub
  limits: QueueLimits
}

/** Runs of one client, to be taken on together. */
export interface Submission extends QueueLimits {
  kind: RunKind
  /** Names the client. */
  owner: string
  /** Most runs of the client at once; undefined: no limit. */
  maxConcurrent: number | undefined
  /** The client's share. */
  weight: number
  /** Where their events are published; by default each run has a channel of its own. */
  channel?: string
  idempotency?: { key: string; digest: string } | undefined
  /**
   * The priority that a single run will probably have: its job is added before Redis has answered, which saves a round
   * trip, and is moved if the priority was wrong.
   */
  likelyPriority?: number | undefined
  runs: readonly { id: string; request: RunRequest; meta: RunMeta }[]
}

/** The end of a synchronous run that leaves a full queue to a client with fewer runs. */
const DISPLACED = failure(
  'busy',
  'The queue is full, and clients with fewer runs in it go first; try again later',
)

/**
 * Takes runs on, all or none. Resolves with their ids: the earlier ones if the idempotency key is known.
 * @throws {Refusal} `busy`, `rate_limited`, `conflict`, `too_large`, `unavailable`.
 */
export async function takeOn(
  queue: RunQueue,
  { runs, likelyPriority, ...given }: Submission,
): Promise<string[]> {
  const { redis, jobs } = queue
  // A run that may be parked has no job yet.
  const isEarly = redis.status === 'ready' && given.maxConcurrent === undefined
  const likely = isEarly ? likelyPriority : undefined
  const early = (likely === undefined ? [] : runs).map(
    ({ id, request }) => [id, request.environment, '0', `${likely}`] as const,
  )
  const options = JSON.stringify({
    ...given,
    waitMs: Math.ceil(given.waitMs),
    likelyPriority: likely,
    displaced: JSON.stringify(DISPLACED),
  })
  const texts = runs.flatMap(({ id, request, meta }) => {
    const { environment, retry } = request
    return [id, environment, Number(retry), JSON.stringify(meta), JSON.stringify(request)]
  })
  // On one connection: Redis has written the runs down when it adds the jobs. If it had forgotten the script, a job may
  // come first: it starts nothing, and the audit adds another one.
  const [answer] = await ask(() =>
    Promise.all([queue.run(submit, options, ...texts), jobs.enqueue(early)]),
  )
  if (answer[0] !== 'ok') {
    void jobs.enqueue(early.map((job): JobTuple => [...job, 'over'])).catch(() => {})
    return earlierIds(answer, given.maxConcurrent)
  }
  // Asynchronous runs are written down already: the audit queues them.
  await ask(() => jobs.enqueue(answer[1])).catch((error) => {
    if (given.kind === 'sync' && early.length === 0) throw error
  })
  return runs.map(({ id }) => id)
}

/** The earlier ids, if the same runs came before. @throws {Refusal} if the runs were refused. */
function earlierIds(answer: Exclude<SubmitAnswer, ['ok', ...unknown[]]>, maxConcurrent = 0) {
  switch (answer[0]) {
    case 'same':
      return answer[1].split(' ')
    case 'conflict':
      throw new Refusal('conflict', 'Idempotency-Key: came with another body before')
    case 'too_large':
      throw neverFits()
    case 'limited':
      throw tooManyAtOnce(maxConcurrent)
    case 'busy':
      throw full('queue', Number(answer[1]), Number(answer[2]))
    case 'full':
      throw full('memory for programs', Number(answer[1]), Number(answer[2]))
  }
}

/** The queue drains at the present rate. */
function full(what: string, waiting: number, endsPerSecond: number): Refusal {
  const seconds = endsPerSecond > 0 ? Math.ceil(waiting / endsPerSecond) : Number.POSITIVE_INFINITY
  return new Refusal('busy', `The ${what} is full; try again later`, {
    headers: { 'Retry-After': retryAfter(seconds) },
  })
}
