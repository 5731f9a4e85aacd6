// A run's events as they come.

import { LAST_EVENT_ID } from '../async-runs/async-runs.ts'
import { unavailable } from '../run/refusal.ts'
import type { Bell } from '../waits/bell.ts'
import { pause } from '../waits/pause.ts'
import type { RunQueue, StoredEvent } from './run-queue.ts'

/** How often events are looked for without a notice, in milliseconds: one may be lost with a connection. */
const LOOK_MS = 2000
/** How long Redis may be away before a reader gets an error, in milliseconds. */
const OUTAGE_MS = 15_000
/** Pause between attempts to reach Redis while it is away, in milliseconds. */
const PAUSE_MS = 250

/**
 * The events of a run after a place, up to its last one. Ends without that if the run is not there (any more), or the
 * signal aborts. The bell is to ring when there are new events, and when the signal aborts.
 * @throws {Refusal} `unavailable` if Redis stays away.
 */
export async function* follow(
  queue: RunQueue,
  id: string,
  after: string,
  bell: Bell,
  signal: AbortSignal,
): AsyncGenerator<StoredEvent> {
  let place = after
  let seenAtMs = performance.now()
  for (;;) {
    await bell.heard(LOOK_MS)
    if (signal.aborted) return
    try {
      const events = await queue.events(id, place)
      const isThere = events.length > 0 || (await queue.redis.exists(queue.key(`run:${id}`))) === 1
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
