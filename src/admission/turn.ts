// Passes a run through the gate in front of the containers, with its client and its kind.

import type { RunOptions } from '../run/executor.ts'
import { clientOf } from '../run/record.ts'
import type { Gate } from './gate.ts'

/**
 * Calls `task` when the run has a slot, and reports `admitted` before.
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
