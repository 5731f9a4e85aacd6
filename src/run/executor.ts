// What a route needs of whatever runs programs.

import type { Outcome } from './outcome.ts'
import type { RunOrigin, RunRecord } from './record.ts'
import type { RunRequest } from './request.ts'

/** Which of the program's streams a chunk came from. */
export type StreamName = 'stdout' | 'stderr'

/** Whether somebody waits for a run's answer (`sync`), or it was asked for now and is read later. */
export type RunKind = 'sync' | 'async'

/** What is told of a run before its outcome. */
export type ExecutionEvent =
  /** There is a place for the run, which may have waited in a line. */
  | { type: 'admitted' }
  /** The run has cost a container: one was started for it, or got its program. It may be told twice. */
  | { type: 'charged' }
  /**
   * The program is about to be handed to a container, told with each one: from then on it may have begun, whether or not
   * anybody hears of it.
   */
  | { type: 'delivery' }
  /** The program starts; there is no refusal after it but `cancelled`. */
  | { type: 'started' }
  /** The program is started again, as its request allows: what it wrote before is void. */
  | { type: 'restart' }
  /** The program has written something. */
  | { type: 'output'; stream: StreamName; bytes: Buffer }
  /** The run of a client has ended: the last event, before its outcome is handed on. */
  | { type: 'recorded'; record: RunRecord }

export interface RunOptions {
  /** Stops the run; `run` then rejects with the refusal `cancelled`. */
  signal: AbortSignal
  /** What the run is called; by default a new name. */
  id?: string
  /** Who asks; absent for programs of our own. */
  origin?: RunOrigin
  /** `sync` where it is not given. */
  kind?: RunKind
  /** Whether output is wanted as it comes. Where it is not, an executor need not tell of it. */
  isFollowed?: boolean
  /** Told of the run until its outcome is there. Must not throw, and holds nothing up. */
  onEvent?: (event: ExecutionEvent) => void
}

export interface Executor {
  /**
   * Runs a program once. Resolves whatever the program did.
   * @throws {Refusal} when the program did not run: `busy`, `unavailable`, `cancelled`, and `invalid_request` where
   *   uploaded files don't fit.
   */
  run(request: RunRequest, options: RunOptions): Promise<Outcome>
}
