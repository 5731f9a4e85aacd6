// A run as server-sent events: output as it comes, last the whole outcome.

import type { SharedBound } from '../admission/shared-bound.ts'
import { OutputFeed } from '../output/output-feed.ts'
import type { Executor, RunOptions } from '../run/executor.ts'
import { jsonBytes } from '../run/json-bytes.ts'
import { clientName } from '../run/record.ts'
import type { RunRequest } from '../run/request.ts'
import {
  HEARTBEAT,
  HEARTBEAT_MS,
  type LargeEvent,
  largeEvent,
  sseEvent,
} from './server-sent-events.ts'
import { boundStream } from './unread-streams.ts'

export interface RunEventsOptions {
  executor: Executor
  /** Counts what was made for readers and not read. */
  unread: SharedBound
}

/** The body of the event `error`, for what fails when the program has started. */
export type DescribeError = (error: unknown) => object

export interface StartOptions extends Pick<RunOptions, 'signal' | 'origin' | 'onEvent'> {
  describeError: DescribeError
  /** Called when the stream begins, with what resolves when the run is over, however it ended. */
  onStream?: (ended: Promise<void>) => void
}

/**
 * Runs programs as streams of events. What was not read yet is kept once, as the bytes that the outcome needs anyway,
 * and an event is made when the reader has taken the one before: a slow reader costs no more memory than a fast one.
 */
export class RunEvents {
  readonly #executor: Executor
  readonly #unread: SharedBound

  constructor({ executor, unread }: RunEventsOptions) {
    this.#executor = executor
    this.#unread = unread
  }

  /**
   * Resolves when the program has started.
   * @throws {Refusal} when it can't.
   */
  async start(
    request: RunRequest,
    { signal, origin, onEvent, describeError, onStream }: StartOptions,
  ): Promise<ReadableStream<Uint8Array>> {
    const feed = new OutputFeed()
    const gone = new AbortController()
    const leave = () => gone.abort(signal.reason)
    signal.addEventListener('abort', leave)
    if (signal.aborted) leave()
    const outcome = this.#executor
      .run(request, {
        ...{ signal: gone.signal, isFollowed: true },
        ...(origin && { origin }),
        onEvent: (event) => {
          if (event.type === 'started') feed.start()
          else if (event.type === 'restart') feed.restart()
          else if (event.type === 'output') feed.add(event.stream, event.bytes)
          onEvent?.(event)
        },
      })
      .finally(() => {
        signal.removeEventListener('abort', leave)
        feed.end()
      })
    await Promise.race([feed.started, outcome])
    const isOver = () => {}
    onStream?.(outcome.then(isOver, isOver))
    const last = outcome.then(
      async (result) => largeEvent('result', await jsonBytes(result)),
      async (error) => largeEvent('error', await jsonBytes(describeError(error))),
    )
    return this.#events(feed, last, gone, origin ? clientName(origin) : '')
  }

  #events(
    feed: OutputFeed,
    last: Promise<LargeEvent>,
    gone: AbortController,
    client: string,
  ): ReadableStream<Uint8Array> {
    const read = boundStream(this.#unread, client)
    void last.then(({ bytes }) => read.complete(bytes))
    let end: LargeEvent | undefined
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          controller.enqueue(Buffer.from(': started\n\n'))
          read.cut.addEventListener('abort', () => controller.error(read.cut.reason))
        },
        pull: async (controller) => {
          const next = end ? undefined : await feed.next(HEARTBEAT_MS)
          if (read.cut.aborted) return
          if (next) {
            if (next === 'silence') controller.enqueue(Buffer.from(HEARTBEAT))
            else if (next === 'restart') controller.enqueue(sseEvent('restart', {}))
            else controller.enqueue(sseEvent(next.stream, { text: next.text }))
            return
          }
          end ??= await last
          if (read.cut.aborted) return
          const piece = end.next()
          if (piece) controller.enqueue(piece)
          if (!end.isRead) return
          controller.close()
          read.done()
        },
        cancel: () => {
          read.done()
          gone.abort('the reader left')
        },
      },
      { highWaterMark: 1 },
    )
  }
}
