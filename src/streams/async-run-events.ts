// The events of an asynchronous run as a stream, after the last one that the reader has.

import { SharedBound } from '../admission/shared-bound.ts'
import type { AsyncRuns, SentEvent } from '../async-runs/async-runs.ts'
import { onAbort } from '../waits/abortable.ts'
import { eventStream } from './event-stream.ts'
import { ReadWatch } from './read-watch.ts'
import { bytesOf, sseEvent } from './server-sent-events.ts'

/** Maximum number of readers; each has a connection and one unread event. */
const MAX_READERS = 256

export interface OpenOptions {
  /** The reader. */
  client: string
  /** Aborts when the reader leaves. */
  signal: AbortSignal
  /** Called with an error that breaks the stream off. */
  onFailed: (error: unknown) => void
  /** Called with a promise that resolves at the end of the stream. */
  onStream: (ended: Promise<void>) => void
}

/**
 * Opens streams of events. An event is made when the reader has taken the one before, so that a slow reader costs no more
 * memory than a fast one; a reader that takes nothing for half a minute is cut off. If there are too many readers, the
 * oldest of the client that has most is cut off. `unread` counts unread bytes of all clients.
 */
export function asyncRunEvents(asyncRuns: Pick<AsyncRuns, 'events'>, unread: SharedBound) {
  const readers = new SharedBound({ max: MAX_READERS })
  return function open(id: string, after: string, options: OpenOptions) {
    const { client, signal, onFailed, onStream } = options
    const over = new AbortController()
    const cut = (why: string) => over.abort(new Error(`the client ${why}`))
    const reading = new ReadWatch({ unread, client, cut: () => cut('reads too slowly') })
    const events = eventsOf(asyncRuns.events(id, after, over.signal), reading)
    const stream = eventStream(events, { over, onFailed, onPull: () => reading.start() })
    onStream(new Promise((resolve) => onAbort(over.signal, resolve)))
    const stopListening = onAbort(signal, () => over.abort())
    const remove = readers.add(client, 1, () => cut('has too many streams'))
    onAbort(over.signal, () => {
      remove()
      stopListening()
      reading.done()
    })
    reading.start()
    if (signal.aborted) over.abort()
    return stream
  }
}

async function* eventsOf(
  events: AsyncIterable<SentEvent>,
  reading: ReadWatch,
): AsyncGenerator<Uint8Array> {
  for await (const event of events) {
    const pieces = sseEvent(event.type, event.type === 'end' ? event.json : event.data, event.id)
    if (event.type === 'end') reading.hold(bytesOf(pieces))
    yield* pieces
  }
}
