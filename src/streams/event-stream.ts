// A stream of server-sent events, as fast as its reader takes it.

import { onAbort } from '../waits/abortable.ts'
import { Bell } from '../waits/bell.ts'
import { HEARTBEAT, HEARTBEAT_MS } from './server-sent-events.ts'

export interface EventStreamOptions {
  /** Aborts at the end of the stream. Abort it earlier to break the stream off. */
  over: AbortController
  /** Called when the reader asks for more. */
  onPull?: () => void
  /** Called with an error of the events, which breaks the stream off. */
  onFailed?: (error: unknown) => void
}

/**
 * A stream of the events' bytes, with a heartbeat if there is none for a while. The next piece is requested when the reader
 * has taken the one before, so that a slow reader costs no more memory than a fast one.
 */
export function eventStream(
  events: AsyncIterable<Uint8Array>,
  { over, onPull, onFailed }: EventStreamOptions,
): ReadableStream<Uint8Array> {
  const iterator = events[Symbol.asyncIterator]()
  // Not `Promise.race`: each lost race would stay attached to the pending piece, which may take an hour.
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
