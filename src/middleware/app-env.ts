// The variables in the context of a request.

import type { Context } from 'hono'
import type { ApiKey } from '../keys/api-key.ts'
import type { RunOptions } from '../run/executor.ts'
import { clientOf, type RunOrigin, type RunRecord } from '../run/record.ts'
import type { Reading } from '../run-log/run-store.ts'
import type { Form } from '../ui/form-request.ts'

/** The log line of one request. */
export interface LogLine {
  /** Adds the facts of a run. */
  add: (record: RunRecord) => void
  /** Holds the line back until the returned function is called, for an answer that outlives its handler. */
  hold: () => () => void
}

/**
 * Counts more requests; the function that it resolves with gives them back.
 * @throws {Refusal} `rate_limited`; none of them is counted then.
 */
export type CountMore = (requests: number) => Promise<() => Promise<void>>

export interface AppEnv {
  Variables: {
    requestId: string
    /** One client: an IPv4 address, or an IPv6 network. */
    client: string
    /** The client's key, if the server has keys. */
    key: ApiKey | undefined
    /** Whether the request has cost a container. */
    isCharged?: boolean
    /** Counts more requests against the client's rate, for a batch; absent if there is no rate limit. */
    countMore?: CountMore
    /** The posted form, once it is read. */
    form?: Promise<Form>
    /** Whether the request is refused for the client's rate of invalid ones: its body must not be read. */
    isBodyLeft?: boolean
    /** The request's line in the log. */
    logLine: LogLine
  }
}

/** The reader of the run log. */
export function readingOf(c: Context<AppEnv>): Reading {
  return { signal: c.req.raw.signal, client: clientOf(c.var) }
}

/** The origin of a run. */
export function runOrigin(c: Context<AppEnv>): RunOrigin {
  const { requestId, key, client } = c.var
  return { requestId, key, client }
}

/** The options of a request's run: it stops with the request, which notes its cost and its record. */
export function runOptions(c: Context<AppEnv>): RunOptions {
  return {
    signal: c.req.raw.signal,
    origin: runOrigin(c),
    onEvent: (event) => {
      if (event.type === 'charged') c.set('isCharged', true)
      else if (event.type === 'recorded') c.get('logLine').add(event.record)
    },
  }
}
