// The interface of everything that runs programs.

import type { Outcome } from './outcome.ts'
import type { RunOrigin, RunRecord } from './record.ts'
import type { RunRequest } from './request.ts'

/** Which of the program's streams a chunk came from. */
export type StreamName = 'stdout' | 'stderr'

/** Whether a client waits for the answer of a run (`sync`), or reads it later. */
export type RunKind = 'sync' | 'async'

/** Events of a run before its outcome. */
export type ExecutionEvent =
  /** The run has a slot; it may have waited in a queue before. */
  | { type: 'admitted' }
  /** The run has used a container: one was started for it, or got its program. The event may come twice. */
  | { type: 'charged' }
  /**
   * The program is about to be handed to a container, once for each attempt: from then on it may have started, even if no
   * other event follows.
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
  /** The id of the run; by default a new one. */
  id?: string
  /** The client; absent for the server's own programs. */
  origin?: RunOrigin
  /** By default `sync`. */
  kind?: RunKind
  /** Whether output is wanted as it is written. If not, an executor need not report it. */
  isFollowed?: boolean
  /** Called with the events of the run until its outcome. Must not throw, and delays nothing. */
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
