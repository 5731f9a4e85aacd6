// Closes connections on which an answer stays unread for too long, or too much of it.

import type { ServerResponse } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import type { Context, MiddlewareHandler } from 'hono'
import type { SharedBound } from '../admission/shared-bound.ts'
import type { AppEnv } from '../middleware/app-env.ts'
import { clientName } from '../run/record.ts'
import { ReadWatch } from './read-watch.ts'

/** Up to this many unread bytes are not counted: a connection alone takes as much. */
const SHORT_BYTES = 16 * 1024

/**
 * Counts the bytes of complete answers that the system has not taken; streams of events count their own. `timeoutMs` is the
 * maximum time to read an answer, by default half a minute.
 */
export function unreadAnswers(unread: SharedBound, timeoutMs?: number): MiddlewareHandler<AppEnv> {
  return async function unreadAnswers(c, next) {
    const response = outgoing(c)
    // `prefinish`: the app has written everything; `finish`: the system has taken everything.
    response?.once('prefinish', () => {
      if (response.destroyed) return // the client left before everything was written
      const cut = () => response.destroy()
      const reading = new ReadWatch({ unread, client: clientName(c.var), cut, timeoutMs })
      for (const event of ['finish', 'close']) response.once(event, () => reading.done())
      reading.start()
      if (response.writableLength > SHORT_BYTES) reading.hold(response.writableLength)
    })
    await next()
  }
}

/** The response of Node's server; undefined if a test calls the app directly. */
export function outgoing(c: Context): ServerResponse | undefined {
  return (c.env as Partial<HttpBindings> | undefined)?.outgoing as ServerResponse | undefined
}
