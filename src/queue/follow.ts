// A run's events as they come.

import { LAST_EVENT_ID } from '../async-runs/async-runs.ts'
import { unavailable } from '../run/refusal.ts'
import type { Bell } from '../waits/bell.ts'
import { pause } from '../waits/pause.ts'
import type { RunQueue } from './run-queue.ts'

/** How long nobody looks for events that nobody told of, in milliseconds: a notice may be lost with a connection. */
const LOOK_MS = 2000
/** How long Redis may be away, in milliseconds, before whoever waits is told so. */
const OUTAGE_MS = 15_000
/** Pause between attempts to ask a Redis that is away, in milliseconds. */
const PAUSE_MS = 250

export interface StoredEvent {
  id: string
  type: string
  data: string
}

export interface FollowOptions {
  /** Rings when there are new events, and when the signal aborts. */
  bell: Bell
  /** Whether there may be some already. */
  looksFirst: boolean
  signal: AbortSignal
}

/**
 * The events of a run after a place, up to its last one. Ends without that where the run is not there (any more), or the
 * signal aborts.
 * @throws {Refusal} `unavailable` where Redis stays away.
 */
export async function* follow(
  queue: RunQueue,
  id: string,
  after: string,
  { bell, looksFirst, signal }: FollowOptions,
): AsyncGenerator<StoredEvent> {
  let place = after
  let seenAtMs = performance.now()
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    if (!isFirst || !looksFirst) await bell.heard(LOOK_MS)
    if (signal.aborted) return
    try {
      const events = await queue.events(id, place)
      const isThere = events.length > 0 || (await queue.exists(id))
      seenAtMs = performance.now()
      for (const event of events) {
        if (signal.aborted) return
        place = event.id
        yield event
      }
      if (!isThere || place === LAST_EVENT_ID) return
    } catch (error) {
      if (performance.now() - seenAtMs > OUTAGE_MS) throw unavailable(error)
      await pause(PAUSE_MS, signal)
      bell.ring()
    }
  }
}
