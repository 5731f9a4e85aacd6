// Cuts connections off on which an answer waits to be read for too long, or with too much of it.

import type { ServerResponse } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import type { Context, MiddlewareHandler } from 'hono'
import type { SharedBound } from '../admission/shared-bound.ts'
import type { AppEnv } from '../middleware/app-env.ts'
import { clientName } from '../run/record.ts'
import { ReadWatch } from './read-watch.ts'

/** What is not more than this, in bytes, is not worth counting: a connection alone takes as much. */
const SHORT_BYTES = 16 * 1024

/**
 * Counts what the system has not taken of an answer that is written whole. Streams count what they hold by themselves.
 * `timeoutMs`: how long it may take to be read, by default half a minute.
 */
export function unreadAnswers(unread: SharedBound, timeoutMs?: number): MiddlewareHandler<AppEnv> {
  return async function unreadAnswers(c, next) {
    const response = outgoing(c)
    // `prefinish`: all is written; `finish`: the system has taken all of it.
    response?.once('prefinish', () => {
      if (response.destroyed) return // its client left before all was written
      const cut = () => response.destroy()
      const reading = new ReadWatch({ unread, client: clientName(c.var), cut, timeoutMs })
      for (const event of ['finish', 'close']) response.once(event, () => reading.done())
      reading.start()
      if (response.writableLength > SHORT_BYTES) reading.hold(response.writableLength)
    })
    await next()
  }
}

/** Undefined where no server of Node's answers: a test calls the app itself. */
export function outgoing(c: Context): ServerResponse | undefined {
  return (c.env as Partial<HttpBindings> | undefined)?.outgoing as ServerResponse | undefined
}
