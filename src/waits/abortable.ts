// A wait that a signal ends.

import { cancelled } from '../run/refusal.ts'

/**
 * The result of `promise`, unless `signal` aborts before.
 * @throws {Refusal} `cancelled`.
 */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw cancelled(signal)
  let stopListening = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stopListening = onAbort(signal, () => reject(cancelled(signal)))
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    stopListening()
  }
}

/**
 * Calls `listener` when the signal aborts. Returns what takes it away again: with the option `signal` in its place Node
 * keeps the listener, and all that it can reach, for as long as the signal itself, and a request's signal may be kept
 * for ever by what its listener can reach.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}
