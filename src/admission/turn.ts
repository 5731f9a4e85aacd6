// A run's turn in the line before the containers: whose it is, and what it is for the line.

import type { RunOptions } from '../run/executor.ts'
import { clientOf } from '../run/record.ts'
import type { Gate } from './gate.ts'

/**
 * Calls `task` when it is the run's turn. What a client waits for and what it reads later have turns each, so that the one
 * does not stand behind the other.
 * @throws {Refusal} those of `Gate.use`.
 */
export function inTurn<T>(
  gate: Gate,
  { signal, origin, kind = 'sync', waitUntilMs: untilMs }: RunOptions,
  task: () => Promise<T>,
): Promise<T> {
  const client = origin && clientOf(origin)
  const turns = client && kind === 'async' ? { ...client, name: `${client.name} ${kind}` } : client
  return gate.use(task, signal, turns, { untilMs, kind })
}
