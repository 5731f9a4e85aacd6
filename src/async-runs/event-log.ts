// The events of one run, for any number of readers, each from its own position.

import { EventEmitter, once } from 'node:events'
import type { StreamName } from '../run/executor.ts'
import { LAST_EVENT_ID, type SentEvent, type SentRun } from './async-runs.ts'

/** Whether the event of one id comes after that of another. */
export function isAfter(id: string, other: string): boolean {
  const [attempt = 0, place = 0] = id.split('-').map(Number)
  const [otherAttempt = 0, otherPlace = 0] = other.split('-').map(Number)
  return attempt > otherAttempt || (attempt === otherAttempt && place > otherPlace)
}

/** Keeps the events once for all readers; a reader is only a position among them. */
export class EventLog {
  readonly #events: SentEvent[] = []
  /** Wakes readers that have read all there is. */
  readonly #bell = new EventEmitter().setMaxListeners(0)
  #isOver = false

  start(): void {
    this.#add({ id: this.#nextId(), type: 'start', data: { attempt: 1 } })
  }

  write(stream: StreamName, text: string): void {
    this.#add({ id: this.#nextId(), type: stream, data: { text } })
  }

  end({ json }: SentRun): void {
    this.#isOver = true
    this.#add({ id: LAST_EVENT_ID, type: 'end', json })
  }

  /** The run is forgotten: readers that wait are told so by the end of what they read. */
  close(): void {
    this.#isOver = true
    this.#bell.emit('more')
  }

  /** The events after the one that is named, as they come, until the last one, or until `signal` aborts. */
  async *after(id: string, signal: AbortSignal): AsyncGenerator<SentEvent, void> {
    let place = this.#events.findIndex((event) => isAfter(event.id, id))
    if (place < 0) place = this.#events.length
    if (!isAfter(LAST_EVENT_ID, id)) return
    while (!signal.aborted) {
      const event = this.#events[place]
      if (event) {
        place += 1
        if (isAfter(event.id, id)) yield event
      } else if (this.#isOver) return
      else await once(this.#bell, 'more', { signal }).catch(() => {}) // the signal aborted
    }
  }

  #nextId(): string {
    return `1-${this.#events.length + 1}`
  }

  #add(event: SentEvent): void {
    this.#events.push(event)
    this.#bell.emit('more')
  }
}
