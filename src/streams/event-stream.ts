// A stream of server-sent events, as fast as its reader takes it.

import { onAbort } from '../waits/abortable.ts'
import { Bell } from '../waits/bell.ts'
import { HEARTBEAT, HEARTBEAT_MS } from './server-sent-events.ts'

export interface EventStreamOptions {
  /** Aborts when the stream is over. Whoever aborts it before its end breaks it off. */
  over: AbortController
  /** Called when the reader asks for more. */
  onPull?: () => void
  /** Told of what fails while events are made, which breaks the stream off. */
  onFailed?: (error: unknown) => void
}

/**
 * Sends the bytes of events, with a heartbeat where none come for a while. What comes next is asked for when the reader has
 * taken what came before, so that a slow reader costs no more memory than a fast one.
 */
export function eventStream(
  events: AsyncIterable<Uint8Array>,
  { over, onPull, onFailed }: EventStreamOptions,
): ReadableStream<Uint8Array> {
  const iterator = events[Symbol.asyncIterator]()
  // Not `Promise.race`: what loses a race hangs on what it waited for until that comes, which may be in an hour.
  const bell = new Bell()
  const ring = () => bell.ring()
  let coming: Promise<IteratorResult<Uint8Array>> | undefined
  let stopListening = () => {}
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        controller.enqueue(Buffer.from(': started\n\n'))
        stopListening = onAbort(over.signal, () => controller.error(over.signal.reason))
      },
      pull: async (controller) => {
        onPull?.()
        try {
          if (!coming) {
            coming = iterator.next()
            coming.then(ring, ring)
          }
          const hasCome = await bell.heard(HEARTBEAT_MS)
          const next = hasCome
            ? await coming
            : { done: false as const, value: Buffer.from(HEARTBEAT) }
          if (hasCome) coming = undefined
          if (over.signal.aborted) return
          if (!next.done) {
            controller.enqueue(next.value)
            return
          }
          stopListening()
          controller.close()
          over.abort()
        } catch (error) {
          onFailed?.(error)
          over.abort(error)
        }
      },
      cancel: () => over.abort(),
    },
    { highWaterMark: 1 },
  )
}
