// What clients are told while the server ends.

import type { MiddlewareHandler } from 'hono'
import type { Drain } from './drain.ts'

/** Ends each connection with its answer, so that the client's next request goes elsewhere. */
export function endConnections(drain: Drain): MiddlewareHandler {
  return async function endConnections(c, next) {
    await next()
    if (drain.isEnding) c.header('Connection', 'close')
  }
}

/** @throws {Refusal} `unavailable` for runs that come too late. */
export function refuseRuns(drain: Drain): MiddlewareHandler {
  return async function refuseRuns(_c, next) {
    drain.admitRun()
    await next()
  }
}
