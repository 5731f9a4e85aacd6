// The events of an asynchronous run as a stream: from where its reader was, up to the last one.

import { SharedBound } from '../admission/shared-bound.ts'
import type { AsyncRuns, SentEvent } from '../async-runs/async-runs.ts'
import { onAbort } from '../waits/abortable.ts'
import { InTime } from './in-time.ts'
import { HEARTBEAT, HEARTBEAT_MS, type LargeEvent, largeEvent } from './server-sent-events.ts'
import { READ_TIMEOUT_MS } from './unread-bytes.ts'
import { boundStream } from './unread-streams.ts'

/** How many readers there may be at once: each holds a connection, and one event that it has not read. */
const MAX_READERS = 256

export interface AsyncRunEventsOptions {
  asyncRuns: Pick<AsyncRuns, 'events'>
  /** Counts what was made for readers and not read. */
  unread: SharedBound
}

export interface OpenOptions {
  /** Who reads. */
  client: string
  /** Aborts when the reader leaves. */
  signal: AbortSignal
  /** Told of what fails while the stream goes on, which ends it. */
  onFailed: (error: unknown) => void
  /** Called with what resolves when the stream is over. */
  onStream: (ended: Promise<void>) => void
}

interface StreamOptions extends Pick<OpenOptions, 'client' | 'onFailed'> {
  /** Aborted when the reader has left. */
  left: AbortController
  /** Aborts when the stream has to go. */
  cut: AbortSignal
}

/**
 * Streams of events. An event is made when the reader has taken the one before, so that a slow reader costs no more
 * memory than a fast one; one that takes nothing for half a minute is cut off.
 */
export class AsyncRunEvents {
  readonly #asyncRuns: AsyncRunEventsOptions['asyncRuns']
  readonly #unread: SharedBound
  readonly #readers = new SharedBound({ max: MAX_READERS })

  constructor({ asyncRuns, unread }: AsyncRunEventsOptions) {
    this.#asyncRuns = asyncRuns
    this.#unread = unread
  }

  /** Where there are too many readers, the first one of the client that has most is cut off. */
  open(id: string, after: string, options: OpenOptions): ReadableStream<Uint8Array> {
    const { client, signal, onFailed, onStream } = options
    const left = new AbortController()
    const ended = new Promise<void>((resolve) => onAbort(left.signal, resolve))
    onStream(ended)
    const stopListening = onAbort(signal, () => left.abort())
    const cutter = new AbortController()
    const remove = this.#readers.add(client, 1, () => cutter.abort())
    void ended.then(() => {
      remove()
      stopListening()
    })
    if (signal.aborted) left.abort()
    const events = new InTime(this.#asyncRuns.events(id, after, left.signal))
    return this.#stream(events, { left, cut: cutter.signal, client, onFailed })
  }

  #stream(
    events: InTime<SentEvent>,
    { left, cut, client, onFailed }: StreamOptions,
  ): ReadableStream<Uint8Array> {
    const read = boundStream(this.#unread, client)
    onAbort(left.signal, () => read.done())
    let event: LargeEvent | undefined
    let timer: NodeJS.Timeout | undefined
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const cutOff = () => {
            controller.error(new Error('the client reads too slowly, or has too many streams'))
            left.abort()
          }
          timer = setTimeout(cutOff, READ_TIMEOUT_MS).unref()
          for (const signal of [read.cut, cut]) onAbort(signal, cutOff)
          onAbort(left.signal, () => clearTimeout(timer))
          controller.enqueue(Buffer.from(': started\n\n'))
        },
        pull: async (controller) => {
          timer?.refresh()
          try {
            if (!event || event.isRead) {
              const next = await events.next(HEARTBEAT_MS)
              if (left.signal.aborted) return
              if (!next) {
                controller.close()
                left.abort()
                return
              }
              if (next === 'silence') {
                controller.enqueue(Buffer.from(HEARTBEAT))
                return
              }
              const json = next.type === 'end' ? next.json : Buffer.from(JSON.stringify(next.data))
              event = largeEvent(next.type, json, next.id)
              if (next.type === 'end') read.complete(event.bytes)
            }
            const piece = event.next()
            if (piece) controller.enqueue(piece)
          } catch (error) {
            onFailed(error)
            controller.error(error)
            left.abort()
          }
        },
        cancel: () => left.abort(),
      },
      { highWaterMark: 1 },
    )
  }
}
