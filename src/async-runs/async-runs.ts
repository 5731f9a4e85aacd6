// Asynchronous runs: the interface that the routes use.

import type { ApiKey } from '../keys/api-key.ts'
import type { AsyncRun, AsyncRunEvent, Webhook } from '../run/async-run.ts'
import { jsonBytes } from '../run/json-bytes.ts'
import type { RunOrigin } from '../run/record.ts'
import type { RunRequest } from '../run/request.ts'

/** Most runs of one batch. */
export const MAX_BATCH_RUNS = 100

/** An asynchronous run as it is sent: its JSON is encoded once for all readers, and is its size in memory. */
export interface SentRun {
  id: string
  /** `clientName` of who asked for it, and may read it. */
  owner: string
  isEnded: boolean
  /** An `AsyncRun`. */
  json: Uint8Array<ArrayBuffer>
}

/** A run as it is now. */
export async function sentRun(run: AsyncRun, owner: string): Promise<SentRun> {
  return { id: run.id, owner, isEnded: run.endedAt !== null, json: await jsonBytes(run) }
}

/** The form of an event's id: the attempt, and its place in that. Later events have larger ones. */
export const EVENT_ID = /^\d{1,10}-\d{1,10}$/

/** The position of a new reader. */
export const BEFORE_ALL = '0-0'

/** The id of the last event of every run. */
export const LAST_EVENT_ID = '1000000-0'

/** An event as it is kept: the JSON of the last one's data is there already. */
export type SentEvent =
  | Exclude<AsyncRunEvent, { type: 'end' }>
  | { id: string; type: 'end'; json: Uint8Array }

/** A run that is asked for. */
export interface NewRun {
  id: string
  request: RunRequest
  /** The client that submitted the run. */
  origin: RunOrigin
  webhook?: Webhook | undefined
}

/** Identifies repeated posts. */
export interface Idempotency {
  /** As the client chose it; each client has its own. */
  key: string
  /** Digest of what was posted: the same key with something else is a mistake. */
  digest: string
}

/** Keeps asynchronous runs. */
export interface AsyncRuns {
  /**
   * Takes runs on, all of them or none. The same idempotency key again answers with the runs of the first time.
   * @throws {Refusal} `busy` if the queue has no room for them; `conflict` if the idempotency key came with
   *   something else before; `unavailable`.
   */
  submit(runs: readonly NewRun[], idempotency?: Idempotency): Promise<SentRun[]>
  /**
   * Undefined if there is no such run, or none any more.
   * @throws {Refusal} `unavailable`.
   */
  find(id: string): Promise<SentRun | undefined>
  /**
   * The events of a run after the one that is named, as they come, up to its last. Ends without one where the run is not
   * there (any more), or `signal` aborts.
   * @throws {Refusal} `unavailable`.
   */
  events(id: string, after: string, signal: AbortSignal): AsyncIterable<SentEvent>
  /**
   * Ends a run that has not ended. Resolves with what has become of it: another end may have come first.
   * @throws {Refusal} `unavailable`.
   */
  cancel(id: string): Promise<SentRun | undefined>
  /**
   * These keys have another `maxConcurrent` from now on, also for what they have submitted before.
   * @throws {Error} if the limits could not be stored; the next run that a key submits stores them too.
   */
  setLimits(keys: readonly ApiKey[]): Promise<void>
}
