// What a route needs of whatever runs programs.

import type { Outcome } from './outcome.ts'
import type { RunOrigin } from './record.ts'
import type { RunRequest } from './request.ts'

/** Which of the program's streams a chunk came from. */
export type StreamName = 'stdout' | 'stderr'

/** Whether somebody waits for a run's answer (`sync`), or it was asked for now and is read later. */
export type RunKind = 'sync' | 'async'

export interface RunOptions {
  /** Stops the run; `run` then rejects with the refusal `cancelled`. */
  signal: AbortSignal
  /** What the run is called; by default a new name. */
  id?: string
  /** Who asks; absent for programs of our own. */
  origin?: RunOrigin
  /** `sync` where it is not given. */
  kind?: RunKind
  /** Called when there is a place for the run, which may have waited in a line. */
  onAdmitted?: () => void
  /** Called when the run has cost a container: one was started for it, or got its program. It may be called twice. */
  onCharged?: () => void
  /**
   * Called just before the program is handed to a container, with each one again: from then on it may have begun, whether or
   * not anybody hears of it.
   */
  onDelivery?: () => void
  /** Called when the program starts; there is no refusal after it but `cancelled`. */
  onStart?: () => void
  /** Called when the program is started again, as its request allows: what it wrote before is void. */
  onRestart?: () => void
  /** Called with the program's output as it comes, in bytes. */
  onChunk?: (stream: StreamName, bytes: Buffer) => void
  /** Called when the program has ended. Its outcome is made when this resolves: it must not take long. */
  onEnd?: () => Promise<void>
}

export interface Executor {
  /**
   * Runs a program once. Resolves whatever the program did.
   * @throws {Refusal} when the program did not run: `busy`, `unavailable`, `cancelled`, and `invalid_request` where
   *   uploaded files don't fit.
   */
  run(request: RunRequest, options: RunOptions): Promise<Outcome>
}
