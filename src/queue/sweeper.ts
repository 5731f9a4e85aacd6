// Looks after runs that nobody goes on with: every server and worker does, one of them at a time.

import type { Logger } from 'pino'
import { pause } from '../waits/pause.ts'
import type { RunQueue } from './run-queue.ts'
import { maySweep } from './scripts.ts'

/** How often somebody looks, in milliseconds. */
const SWEEP_MS = 1000
/** How long one may take before another one looks, in milliseconds. */
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
        // Redis is away: others tell of that. The next sweep finds what this one missed.
        logger.debug({ err: error }, 'the queue could not be swept')
      }
    }
  }
}
