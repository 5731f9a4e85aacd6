// A run's turn at the gate before the containers: whose it is, and what it is for the gate.

import type { RunOptions } from '../run/executor.ts'
import { clientOf } from '../run/record.ts'
import type { Gate } from './gate.ts'

/**
 * Calls `task` when it is the run's turn.
 * @throws {Refusal} those of `Gate.use`.
 */
export function inTurn<T>(
  gate: Gate,
  { signal, origin, kind = 'sync' }: RunOptions,
  task: () => Promise<T>,
): Promise<T> {
  const maxConcurrent = origin?.key?.maxConcurrent
  return gate.use(task, signal, origin && clientOf(origin), { kind, maxConcurrent })
}
