// Outcomes and runs of servers that are older than this client.

import type { AsyncRun } from '../run/async-run.ts'
import type { Outcome } from '../run/outcome.ts'

/** The outcome in an answer; a server of 0.2.0 gives no hints. */
export function toOutcome(body: Omit<Outcome, 'hint'>): Outcome {
  return { hint: '', ...body }
}

/** The run in an answer. */
export function toRun(run: AsyncRun): AsyncRun {
  return run.result ? { ...run, result: toOutcome(run.result) } : run
}
