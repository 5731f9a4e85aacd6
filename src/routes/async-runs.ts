// POST /runs, GET and DELETE /runs/{id}, GET /runs/{id}/events: runs that are submitted now and read later.

import { createHash, randomUUID } from 'node:crypto'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { describeRoute } from 'hono-openapi'
import type { SharedBound } from '../admission/shared-bound.ts'
import {
  type AsyncRuns,
  BEFORE_ALL,
  EVENT_ID,
  LAST_EVENT_ID,
  type NewRun,
  type SentRun,
} from '../async-runs/async-runs.ts'
import { isAfter } from '../async-runs/event-log.ts'
import { isBatch, parseSubmission, submissionSchemas } from '../async-runs/submission.ts'
import type { ApiKey } from '../keys/api-key.ts'
import { type AppEnv, readingOf, runOrigin } from '../middleware/app-env.ts'
import { parseJsonBody } from '../middleware/json-body.ts'
import { noStore } from '../middleware/no-store.ts'
import {
  cancelRunOperation,
  findRunOperation,
  runEventsOperation,
  submitOperation,
} from '../openapi/async-operations.ts'
import { jsonBytes } from '../run/json-bytes.ts'
import { clientName } from '../run/record.ts'
import { Refusal, toRefusal } from '../run/refusal.ts'
import { byKeyLimits, type RequestLimits } from '../run/request.ts'
import type { Reading } from '../run-log/run-store.ts'
import type { LoggedRun } from '../run-log/schema.ts'
import { asyncRunEvents } from '../streams/async-run-events.ts'
import { sendEvents } from '../streams/send-events.ts'
import { sendJson } from '../streams/send-json.ts'

/** The form of a run's id; others are not looked up. */
const RUN_ID = /^[0-9a-f-]{36}$/
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

export interface AsyncRunsRouteOptions {
  asyncRuns: AsyncRuns
  limits: () => RequestLimits
  sendsWebhooks: boolean
  /** Checks a post before its body is read. */
  guard: MiddlewareHandler<AppEnv>
  /** Checks other requests: any key passes, if the server has keys. */
  guardReading: MiddlewareHandler<AppEnv>
  /** Undefined if there is no run log. */
  runLog: LoggedRuns | undefined
  /** Counts unread bytes of all clients. */
  unread: SharedBound
  /** Called for a failure after the answer has begun, when its status is sent. */
  onRefusal: (refusal: Refusal, requestId: string) => void
}

/** The run log: finished runs, for keys that may read them. */
export interface LoggedRuns {
  isReader: (key: ApiKey | undefined) => boolean
  find: (id: string, reading: Reading) => Promise<LoggedRun | undefined>
}

export function asyncRunsRoute(options: AsyncRunsRouteOptions) {
  const { asyncRuns, limits, sendsWebhooks, guard, guardReading, runLog, unread } = options
  const schemasFor = byKeyLimits(limits, (own) => submissionSchemas(own, sendsWebhooks))
  const openEvents = asyncRunEvents(asyncRuns, unread)

  /** The run in the path, if it exists and the client is allowed to access it. */
  const find = async (c: Context<AppEnv, '/:id'>, isAllowed: IsAllowed) => {
    const id = c.req.param('id')
    const run = RUN_ID.test(id) ? await asyncRuns.find(id) : undefined
    return run && isAllowed(c.get('key'), run.owner) ? run : undefined
  }

  return new Hono<AppEnv>()
    .use('/runs/*', noStore)
    .post('/runs', describeRoute(submitOperation(limits(), sendsWebhooks)), guard, async (c) => {
      const form = '1 to 255 visible ASCII characters'
      const key = headerField(c, 'Idempotency-Key', IDEMPOTENCY_KEY, form)
      const text = await c.req.text()
      const body = parseJsonBody(text)
      const origin = runOrigin(c)
      const asked = parseSubmission(body, schemasFor(origin.key)).map(
        (run): NewRun => ({ id: randomUUID(), origin, ...run }),
      )
      const digest = () => createHash('sha256').update(text).digest('hex')
      const idempotency = key === undefined ? undefined : { key, digest: digest() }
      // Each run counts against the client's rate; a repeated post counts once.
      const more = asked.length - 1
      const giveBack = more > 0 ? await c.get('countMore')?.(more) : undefined
      const runs = await asyncRuns.submit(asked, idempotency)
      if (runs[0]?.id !== asked[0]?.id) await giveBack?.()
      const [first] = runs
      if (!first) throw new Error('a post asks for one run at least')
      return isBatch(body)
        ? sendJson(c, listOf(runs), 202)
        : sendJson(c, first.json, 202, { Location: `/runs/${first.id}` })
    })
    .get(
      '/runs/:id',
      describeRoute(findRunOperation(runLog !== undefined)),
      guardReading,
      async (c) => {
        const run = await find(c, mayRead)
        if (run) {
          if (!run.isEnded) c.header('Retry-After', '1')
          return sendJson(c, run.json)
        }
        const logged =
          runLog?.isReader(c.get('key')) && (await runLog.find(c.req.param('id'), readingOf(c)))
        if (!logged) throw noSuchRun()
        return sendJson(c, await jsonBytes(logged))
      },
    )
    .delete('/runs/:id', describeRoute(cancelRunOperation), guardReading, async (c) => {
      const run = await find(c, isOwner)
      const cancelled = run && (await asyncRuns.cancel(run.id))
      if (!cancelled) throw noSuchRun()
      return sendJson(c, cancelled.json)
    })
    .get('/runs/:id/events', describeRoute(runEventsOperation), guardReading, async (c) => {
      const form = 'the id of an event, such as 1-7'
      const after = headerField(c, 'Last-Event-ID', EVENT_ID, form) ?? BEFORE_ALL
      const run = await find(c, mayRead)
      if (!run) throw noSuchRun()
      // A browser reconnects until it gets a 204.
      if (!isAfter(LAST_EVENT_ID, after)) return c.body(null, 204)
      const stream = openEvents(run.id, after, {
        client: clientName(c.var),
        signal: c.req.raw.signal,
        onFailed: (error) => options.onRefusal(toRefusal(error), c.get('requestId')),
        onStream: (ended) => void ended.then(c.get('logLine').hold()),
      })
      return sendEvents(c, stream)
    })
}

/** Whether a client with this key may access a run of this owner. Without keys, anyone who knows the id may. */
type IsAllowed = (key: ApiKey | undefined, owner: string) => boolean

const isOwner: IsAllowed = (key, owner) => !key || clientName({ key, client: '' }) === owner

const mayRead: IsAllowed = (key, owner) =>
  isOwner(key, owner) || key?.rights.includes('read-runs') === true

/** The answer to a batch. */
function listOf(runs: readonly SentRun[]): Uint8Array<ArrayBuffer> {
  const items = runs.flatMap(({ json }, index) => (index === 0 ? [json] : [Buffer.from(','), json]))
  return Buffer.concat([Buffer.from('{"runs":['), ...items, Buffer.from(']}')])
}

/** @throws {Refusal} `invalid_request` if the header field is present and does not have this form. */
function headerField(c: Context, name: string, form: RegExp, must: string): string | undefined {
  const value = c.req.header(name)
  if (value === undefined || form.test(value)) return value
  throw new Refusal('invalid_request', `${name}: must be ${must}`)
}

function noSuchRun(): Refusal {
  return new Refusal('not_found', 'No such run, or it is no longer kept')
}
