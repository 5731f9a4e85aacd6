// What an executor tells of a run: made by tests in its place, and heard by them.

import type { ExecutionEvent, StreamName } from '../../src/run/executor.ts'

/** Options of a run of which events of one type are heard. */
export function hearing<T extends ExecutionEvent['type']>(
  type: T,
  listener: (event: Extract<ExecutionEvent, { type: T }>) => unknown,
) {
  const isWanted = (event: ExecutionEvent): event is Extract<ExecutionEvent, { type: T }> =>
    event.type === type
  return { onEvent: (event: ExecutionEvent) => void (isWanted(event) && listener(event)) }
}

/** Options of a run whose output is wanted, and gathered as text. */
export function gathering(add: (text: string) => unknown) {
  return { isFollowed: true, ...hearing('output', ({ bytes }) => add(String(bytes))) }
}

/** Options of a run whose output is wanted, and whose events are noted in words. */
export function noting(seen: string[]) {
  const note = (event: ExecutionEvent) => {
    seen.push(event.type === 'output' ? `${event.stream} ${event.bytes}` : event.type)
  }
  return { isFollowed: true, onEvent: note }
}

/** A program writes something. */
export function output(stream: StreamName, bytes: string | Uint8Array): ExecutionEvent {
  return { type: 'output', stream, bytes: Buffer.from(bytes as Uint8Array) }
}
