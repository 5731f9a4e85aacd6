// A run as server-sent events: output as it is written, and last the outcome.

import type { SharedBound } from '../admission/shared-bound.ts'
import { OutputFeed } from '../output/output-feed.ts'
import type { Executor, RunOptions } from '../run/executor.ts'
import { jsonBytes } from '../run/json-bytes.ts'
import { clientName } from '../run/record.ts'
import type { RunRequest } from '../run/request.ts'
import { onAbort } from '../waits/abortable.ts'
import { eventStream } from './event-stream.ts'
import { ReadWatch } from './read-watch.ts'
import { bytesOf, sseEvent } from './server-sent-events.ts'

export interface RunEventsOptions extends Pick<RunOptions, 'signal' | 'origin' | 'onEvent'> {
  executor: Executor
  /** Counts unread bytes of all clients. */
  unread: SharedBound
  /** Makes the data of the event `error`, for a failure after the start. */
  describeError: (error: unknown) => object
  /** Called when the stream begins, with a promise that resolves when the run has ended or failed. */
  onStream?: (ended: Promise<void>) => void
}

/**
 * Runs a program and streams its events; resolves when the program has started. Unread output is kept once, as the bytes
 * that the outcome needs anyway, and an event is made when the reader has taken the one before, so that a slow reader costs
 * no more memory than a fast one.
 * @throws {Refusal} when the program can't start.
 */
export async function runEvents(
  request: RunRequest,
  options: RunEventsOptions,
): Promise<ReadableStream<Uint8Array>> {
  const { executor, unread, signal, origin, onEvent, describeError, onStream } = options
  const feed = new OutputFeed()
  const over = new AbortController()
  /** Stops the run. */
  const stop = new AbortController()
  const listening = [
    onAbort(signal, () => stop.abort(signal.reason)),
    onAbort(over.signal, () => stop.abort('the reader left')),
  ]
  if (signal.aborted) stop.abort(signal.reason)
  let begin = () => {}
  const started = new Promise<void>((resolve) => {
    begin = resolve
  })
  const outcome = executor
    .run(request, {
      signal: stop.signal,
      isFollowed: true,
      ...(origin && { origin }),
      onEvent: (event) => {
        if (event.type === 'started') begin()
        feed.tell(event)
        onEvent?.(event)
      },
    })
    .finally(() => {
      for (const stopListening of listening) stopListening()
      feed.end()
    })
  await Promise.race([started, outcome])
  const isOver = () => {}
  onStream?.(outcome.then(isOver, isOver))
  const last = outcome.then(
    async (result) => sseEvent('result', await jsonBytes(result)),
    async (error) => sseEvent('error', await jsonBytes(describeError(error))),
  )
  const reading = new ReadWatch({
    unread,
    client: origin ? clientName(origin) : '',
    cut: () => over.abort(new Error('the client reads too slowly')),
  })
  onAbort(over.signal, () => reading.done())
  // No time limit while the program runs: until then nothing more is kept than the outcome needs anyway.
  void last.then((pieces) => {
    reading.start()
    reading.hold(bytesOf(pieces))
  })
  return eventStream(eventsOf(feed, last), { over })
}

async function* eventsOf(
  feed: OutputFeed,
  last: Promise<Uint8Array[]>,
): AsyncGenerator<Uint8Array> {
  for await (const next of feed) {
    yield* next === 'restart' ? sseEvent(next, {}) : sseEvent(next.stream, { text: next.text })
  }
  yield* await last
}
