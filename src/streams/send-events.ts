// An answer that is a stream of events, and may break off.

import type { Context } from 'hono'
import { EVENT_STREAM_HEADERS } from './server-sent-events.ts'
import { outgoing } from './unread-answers.ts'

/**
 * Answers with a stream of events. Where the stream fails, the connection ends in the middle of the answer: so the client
 * knows that something is missing. Else the HTTP library would write the error to the console and to the client.
 */
export function sendEvents(c: Context, stream: ReadableStream<Uint8Array>): Response {
  const response = outgoing(c)
  if (!response) return c.body(stream, 200, EVENT_STREAM_HEADERS) // a test calls the app itself
  const reader = stream.getReader()
  // At once, also where nothing is taken from the stream because the client reads nothing.
  reader.closed.catch(() => response.destroy())
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const next = await reader.read().catch(() => undefined)
        if (!next) return // cancelled when the connection has ended
        if (next.done) controller.close()
        else controller.enqueue(next.value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  return c.body(body, 200, EVENT_STREAM_HEADERS)
}
