// Sends the start and the output of a run from a worker to Redis.

import { OutputText } from '../output/output-text.ts'
import type { StreamName } from '../run/executor.ts'
import { pause } from '../waits/pause.ts'
import { MAX_LIVE_EVENTS, MAX_TEXT_CHARS } from './event-bounds.ts'
import type { RunQueue, TakenRun } from './run-queue.ts'

/** Pause between attempts while Redis is away, in milliseconds. */
const PAUSE_MS = 250
/** How many events are sent without a pause; then there is one of a millisecond for each event beyond these. */
const UNPACED_EVENTS = 100

interface Event {
  type: string
  data: object
}

/**
 * Sends the output so far as soon as the output before it has arrived: the first output is sent at once, and a program
 * that writes faster than Redis takes it makes few large events. After many events there are pauses between them, longer
 * and longer, and after very many the rest is sent when the run ends.
 */
export class EventSender {
  readonly #queue: RunQueue
  readonly #run: TakenRun
  readonly #text = new OutputText()
  readonly #signal: AbortSignal
  #first: Event[] = []
  /** The number of the next event. */
  #seq = 1
  #sending: Promise<void> | undefined
  /** Aborts when no more output comes: there are no pauses then. */
  readonly #ending = new AbortController()

  /** If Redis is away, sends again until the signal aborts. */
  constructor(queue: RunQueue, run: TakenRun, signal: AbortSignal) {
    this.#queue = queue
    this.#run = run
    this.#signal = signal
  }

  /** The program starts. */
  start(): void {
    this.#first = [{ type: 'start', data: { attempt: this.#run.starts + 1 } }]
    this.#send()
  }

  add(stream: StreamName, bytes: Buffer): void {
    this.#text.add(stream, bytes)
    this.#send()
  }

  /** Resolves when all events have arrived, or the signal has aborted. */
  async end(): Promise<void> {
    this.#text.end()
    this.#ending.abort()
    await this.#sending
    this.#send()
    await this.#sending
  }

  #send(): void {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined
    })
  }

  async #sendAll(): Promise<void> {
    const ending = this.#ending.signal
    while (this.#seq <= MAX_LIVE_EVENTS || ending.aborted) {
      const events = this.#take()
      if (events.length === 0) return
      await this.#append(events)
      this.#seq += events.length
      if (this.#seq > UNPACED_EVENTS) await pause(this.#seq - UNPACED_EVENTS, ending)
    }
  }

  #take(): Event[] {
    const first = this.#first
    this.#first = []
    const output = this.#text.take().flatMap(({ stream, text }) => {
      const parts: Event[] = []
      for (let at = 0; at < text.length; ) {
        const end = wholeUntil(text, at + MAX_TEXT_CHARS)
        parts.push({ type: stream, data: { text: text.slice(at, end) } })
        at = end
      }
      return parts
    })
    return [...first, ...output]
  }

  async #append(events: Event[]): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        await this.#queue.append(this.#run, this.#seq, events)
        return
      } catch {
        await pause(PAUSE_MS, this.#signal)
      }
    }
  }
}

/** An index at or just before `end` that is not between two surrogates. */
function wholeUntil(text: string, end: number): number {
  const code = text.charCodeAt(end - 1)
  return code >= 0xd800 && code < 0xdc00 ? end - 1 : end
}
