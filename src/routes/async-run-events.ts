// The events of an asynchronous run as a stream: from where its reader was, up to the last one.

import { onAbort } from '../abortable.ts'
import type { AsyncRuns } from '../async-runs/async-runs.ts'
import { Refusal } from '../errors.ts'
import { READ_TIMEOUT_MS } from '../unread-answers.ts'
import { InTime } from './in-time.ts'
import { HEARTBEAT, HEARTBEAT_MS, MAX_PIECE_BYTES, sseEvent } from './server-sent-events.ts'
import { UnreadStreams } from './unread-streams.ts'

/** How many readers there may be at once: each holds a connection, and one event that it has not read. */
const MAX_READERS = 256

export interface AsyncRunEventsOptions {
  asyncRuns: Pick<AsyncRuns, 'events'>
  /** How many ends of runs may wait for their readers; one more, and the first of them is cut off. */
  maxUnread: number
}

export interface OpenOptions {
  /** Aborts when the reader leaves. */
  signal: AbortSignal
  /** Told of what fails while the stream goes on, which ends it. */
  onFailed: (error: unknown) => void
  /** Called with what resolves when the stream is over. */
  onStream: (ended: Promise<void>) => void
}

/**
 * Streams of events. An event is made when the reader has taken the one before, so that a slow reader costs no more
 * memory than a fast one; one that takes nothing for half a minute is cut off.
 */
export class AsyncRunEvents {
  readonly #asyncRuns: AsyncRunEventsOptions['asyncRuns']
  readonly #unread: UnreadStreams
  #readers = 0

  constructor({ asyncRuns, maxUnread }: AsyncRunEventsOptions) {
    this.#asyncRuns = asyncRuns
    this.#unread = new UnreadStreams(maxUnread)
  }

  /** @throws {Refusal} `busy` where there are too many readers. */
  open(id: string, after: string, options: OpenOptions): ReadableStream<Uint8Array> {
    const { signal, onFailed, onStream } = options
    if (this.#readers >= MAX_READERS) {
      throw new Refusal('busy', 'Too many read events; try again later', {
        headers: { 'Retry-After': '5' },
      })
    }
    this.#readers += 1
    const left = new AbortController()
    const ended = new Promise<void>((resolve) => onAbort(left.signal, resolve))
    onStream(ended)
    const stopListening = onAbort(signal, () => left.abort())
    void ended.then(() => {
      this.#readers -= 1
      stopListening()
    })
    if (signal.aborted) left.abort()
    return this.#stream(new InTime(this.#asyncRuns.events(id, after, left.signal)), left, onFailed)
  }

  #stream(
    events: InTime<{ id: string; type: string; data: object }>,
    left: AbortController,
    onFailed: (error: unknown) => void,
  ): ReadableStream<Uint8Array> {
    let isComplete = () => {}
    const read = this.#unread.bound(
      new Promise((resolve) => {
        isComplete = resolve
      }),
    )
    onAbort(left.signal, () => read.done())
    /** What is left of an event: in pieces, so that a large one counts as unread until it is read. */
    let rest = new Uint8Array() as Uint8Array
    let timer: NodeJS.Timeout | undefined
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const cut = () => {
            controller.error(new Error('the client reads too slowly'))
            left.abort()
          }
          timer = setTimeout(cut, READ_TIMEOUT_MS).unref()
          onAbort(read.cut, cut)
          onAbort(left.signal, () => clearTimeout(timer))
          controller.enqueue(Buffer.from(': started\n\n'))
        },
        pull: async (controller) => {
          timer?.refresh()
          try {
            if (rest.length === 0) {
              const next = await events.next(HEARTBEAT_MS)
              if (left.signal.aborted) return
              if (!next) {
                controller.close()
                left.abort()
                return
              }
              if (next === 'silence') rest = Buffer.from(HEARTBEAT)
              else rest = sseEvent(next.type, next.data, next.id)
              if (next !== 'silence' && next.type === 'end') isComplete()
            }
            controller.enqueue(rest.subarray(0, MAX_PIECE_BYTES))
            rest = rest.subarray(MAX_PIECE_BYTES)
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
