// Answers with a stream of events, which may break off.

import type { Context } from 'hono'
import { EVENT_STREAM_HEADERS } from './server-sent-events.ts'
import { outgoing } from './unread-answers.ts'

/**
 * Answers with a stream of events. If the stream fails, the connection is closed in the middle of the answer, so that the
 * client knows that something is missing; the HTTP library would write the error to the console and to the client.
 */
export function sendEvents(c: Context, stream: ReadableStream<Uint8Array>): Response {
  const response = outgoing(c)
  if (!response) return c.body(stream, 200, EVENT_STREAM_HEADERS) // a test calls the app itself
  const reader = stream.getReader()
  // At once, even if the client reads nothing and so nothing is taken from the stream.
  reader.closed.catch(() => response.destroy())
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const next = await reader.read().catch(() => undefined)
        if (!next) return // the stream failed: it is cancelled when the connection is closed
        if (next.done) controller.close()
        else controller.enqueue(next.value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  return c.body(body, 200, EVENT_STREAM_HEADERS)
}
