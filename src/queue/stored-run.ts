// The forms of runs, their ends and the reports of workers in Redis. Servers and workers of other versions read and write
// them: fields that a later version adds are ignored, and a form that can't be read at all is `Unreadable`.

import { z } from 'zod'
import type { AsyncRun } from '../run/async-run.ts'
import type { Outcome } from '../run/outcome.ts'
import type { RunOrigin } from '../run/record.ts'
import { REFUSAL_STATUS, Refusal, type RefusalCode } from '../run/refusal.ts'
import { offerSchema } from './offers.ts'

/** A stored form is unknown to this version: another attempt fails here, and may succeed elsewhere. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'

  constructor(what: string, cause: unknown) {
    super(`the ${what} can’t be read`, { cause })
  }
}

/** The result of reading a form. @throws {Unreadable} for every error. */
export function readable<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Unreadable(what, error)
  }
}

/** The result of reading a form, or undefined if it can't be read. */
export function tryRead<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Facts of a run that only servers use: its client, and its webhook. */
export const runMetaSchema = z.object({
  requestId: z.string(),
  keyName: z.string().nullable(),
  client: z.string(),
  /** Whether its output is read while it comes. */
  isFollowed: z.boolean(),
  webhook: z.object({ url: z.string().refine(URL.canParse), secret: z.string() }).nullable(),
})
export type RunMeta = z.output<typeof runMetaSchema>

/** Stores the origin of a run; the server's own runs have none. */
export function toMeta(
  origin: RunOrigin | undefined,
  more: Pick<RunMeta, 'isFollowed' | 'webhook'>,
): RunMeta {
  return {
    requestId: origin?.requestId ?? '',
    keyName: origin?.key?.name ?? null,
    client: origin?.client ?? '',
    ...more,
  }
}

/** The origin of a run, as far as it is stored. */
export function toOrigin({ requestId, client, keyName }: RunMeta): RunOrigin {
  const key = keyName === null ? undefined : { name: keyName, sha256: '', rights: [] }
  return { requestId, client, key }
}

/** Not validated: a worker of a later version may add fields. One of 0.2.0 or before knows no hints. */
const outcome = z
  .custom<Outcome>((value) => typeof value === 'object' && value !== null && 'status' in value)
  .transform((outcome): Outcome => ({ ...outcome, hint: outcome.hint ?? '' }))

/** A code of a later version is `internal` here. */
const refusalCode = z
  .string()
  .transform((code) => (Object.hasOwn(REFUSAL_STATUS, code) ? code : 'internal') as RefusalCode)

const endingSchema = z.union([
  z.object({
    state: z.literal('finished'),
    result: outcome,
    /** From when the worker took the run until the program started, in milliseconds. */
    startMs: z.number(),
  }),
  z.object({
    state: z.enum(['failed', 'cancelled']),
    refusal: z.object({ code: refusalCode, error: z.string() }),
  }),
])

/** The end of a run, as it is written down once. */
export type Ending = z.output<typeof endingSchema>

/** The end of a run whose program did not finish. */
export function failure(
  code: RefusalCode,
  error: string,
  state: 'failed' | 'cancelled' = 'failed',
): Ending {
  return { state, refusal: { code, error } }
}

/** @throws {Unreadable} */
export function decodeEnding(text: string): Ending {
  return readable('end', () => endingSchema.parse(JSON.parse(text)))
}

/** The refusal of a run that did not finish. `busy` and `unavailable` may be retried. */
export function endingRefusal({ code, error }: { code: RefusalCode; error: string }): Refusal {
  const headers = code === 'busy' || code === 'unavailable' ? { 'Retry-After': '5' } : undefined
  return new Refusal(code, error, headers && { headers })
}

const text = z.string()
const number = z.coerce.number()
const storedRunSchema = z.object({
  id: text,
  state: z.enum(['parked', 'queued', 'running', 'finished', 'failed', 'cancelled']),
  owner: text,
  environment: text,
  kind: z.enum(['sync', 'async']),
  attempt: number,
  createdAt: number,
  /** When a worker took it last. */
  takenAt: number.optional(),
  /** The last start of its program, the attempt of that, and the number of starts. */
  startedAt: number.optional(),
  startedIn: number.optional(),
  starts: number.default(0),
  endedAt: number.optional(),
  expiresAt: number.optional(),
  channel: text,
  meta: text.transform((json) => runMetaSchema.parse(JSON.parse(json))),
  request: text.optional(),
})

/** The fields of its hash, the request being the last. */
export const STORED_FIELDS = Object.keys(storedRunSchema.shape).filter((name) => name !== 'id')

/** Times are Redis's, in milliseconds since 1970. */
export type StoredRun = z.output<typeof storedRunSchema>

/** @throws {Unreadable} */
export function decodeRun(fields: Record<string, string>): StoredRun {
  return readable('run', () => storedRunSchema.parse(fields))
}

/** The report of a worker. */
const workerReportSchema = z.object({
  name: text,
  environments: z.array(text),
  // Of a worker of another version they may be unknown.
  offers: z.array(offerSchema).catch([]),
  slots: z.number(),
  running: z.number(),
  startedAt: text,
})
export type WorkerReport = z.output<typeof workerReportSchema>

/** Undefined if it can't be read: one worker of another version must not hide all others. */
export function decodeReport(json: string): WorkerReport | undefined {
  return tryRead(() => workerReportSchema.parse(JSON.parse(json)))
}

/** A run as a client sees it; `ending` if it has ended. */
export function toAsyncRun(run: StoredRun, ending: Ending | undefined): AsyncRun {
  const isRunning = run.state === 'running' && run.startedIn === run.attempt
  const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())
  return {
    id: run.id,
    state: ending?.state ?? (isRunning ? 'running' : 'queued'),
    environment: run.environment,
    createdAt: new Date(run.createdAt).toISOString(),
    startedAt: time(run.startedAt),
    endedAt: time(run.endedAt),
    expiresAt: time(run.expiresAt),
    attempts: run.starts,
    result: ending?.state === 'finished' ? ending.result : null,
    refusal: ending && ending.state !== 'finished' ? ending.refusal : null,
  }
}
