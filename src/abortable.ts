// A wait that a signal ends.

import { cancelled } from './errors.ts'

/**
 * What `promise` resolves to, unless `signal` aborts before.
 * @throws {Refusal} `cancelled`.
 */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw cancelled(signal)
  const released = new AbortController()
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(cancelled(signal)), {
          signal: released.signal,
        })
      }),
    ])
  } finally {
    released.abort()
  }
}
