// What handlers find in their context.

import type { Context } from 'hono'
import type { ApiKey } from '../keys/api-key.ts'
import type { RunOptions } from '../run/executor.ts'
import { clientOf, type RunOrigin, type RunRecord } from '../run/record.ts'
import type { Reading } from '../run-log/run-store.ts'
import type { Form } from '../ui/form-request.ts'

/** The line of one request. */
export interface LogLine {
  /** Adds what is told of a run. */
  add: (record: RunRecord) => void
  /** The line waits until what this returns is called: an answer may go on when its handler has ended. */
  hold: () => () => void
}

/**
 * Counts so many more requests; when what this resolves with is called they are given back.
 * @throws {Refusal} `rate_limited`: none of them is counted then, and the request should be refused.
 */
export type CountMore = (requests: number) => Promise<() => Promise<void>>

export interface AppEnv {
  Variables: {
    requestId: string
    /** One client: an IPv4 address, or an IPv6 network. */
    client: string
    /** The key that came, where keys are asked for. */
    key: ApiKey | undefined
    /** Whether the request has cost a container. */
    isCharged?: boolean
    /** Counts more against the client's rate, for a request that asks for several runs; absent where no rate is limited. */
    countMore?: CountMore
    /** The form that was posted, when it has been asked for. */
    form?: Promise<Form>
    /** Whether the request is refused for what its client sent before: its body is not to be read. */
    isBodyLeft?: boolean
    /** The request's line in the log. */
    logLine: LogLine
  }
}

/** Who reads the run log. */
export function readingOf(c: Context<AppEnv>): Reading {
  return { signal: c.req.raw.signal, client: clientOf(c.var) }
}

/** Who asks for a run. */
export function runOrigin(c: Context<AppEnv>): RunOrigin {
  const { requestId, key, client } = c.var
  return { requestId, key, client }
}

/** How a request's run is run: while its client waits, and with its cost and its record put down to the request. */
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
