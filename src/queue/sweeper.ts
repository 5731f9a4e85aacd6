// Sweeps runs whose wait or lease is over: in every server and worker, in one of them at a time.

import type { Logger } from 'pino'
import { pause } from '../waits/pause.ts'
import type { RunQueue } from './run-queue.ts'
import { maySweep } from './scripts.ts'

/** How often a sweep is made, in milliseconds. */
const SWEEP_MS = 1000
/** How long no other process sweeps, in milliseconds. */
const LOCK_MS = 900

/** Sweeps until it is closed. */
export class Sweeper {
  readonly #closed = new AbortController()

  constructor(queue: RunQueue, logger: Logger) {
    void this.#go(queue, logger)
  }

  close(): void {
    this.#closed.abort()
  }

  async #go(queue: RunQueue, logger: Logger): Promise<void> {
    const { signal } = this.#closed
    for (let place = 0; !signal.aborted; await pause(SWEEP_MS, signal)) {
      try {
        if ((await queue.run(maySweep, LOCK_MS)) === 0) continue
        await queue.sweep()
        place = await queue.audit(place)
      } catch (error) {
        // Redis is away, which the connection logs. The next sweep finds what this one missed.
        logger.debug({ err: error }, 'the queue could not be swept')
      }
    }
  }
}
