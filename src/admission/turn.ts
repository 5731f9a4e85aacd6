// A run's turn at the gate before the containers: whose it is, and what it is for the gate.

import type { RunOptions } from '../run/executor.ts'
import { clientOf } from '../run/record.ts'
import type { Gate } from './gate.ts'

/**
 * Calls `task` when it is the run's turn, and tells of that.
 * @throws {Refusal} those of `Gate.use`.
 */
export function inTurn<T>(
  gate: Gate,
  { signal, origin, kind = 'sync', onEvent }: RunOptions,
  task: () => Promise<T>,
): Promise<T> {
  const maxConcurrent = origin?.key?.maxConcurrent
  const admitted = () => {
    onEvent?.({ type: 'admitted' })
    return task()
  }
  return gate.use(admitted, signal, origin && clientOf(origin), { kind, maxConcurrent })
}
