// Retries while a server is unreachable for a moment.

import { RefusedError } from './call.ts'

/** How often in a row, and the longest pause between two attempts, in milliseconds: half a minute in all. */
const MAX_ATTEMPTS = 10
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5000

/** The result of `attempt`, after retries. A final refusal of the server is thrown at once. */
export async function persist<T>(attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let count = 1, ms = FIRST_PAUSE_MS; ; count += 1, ms = Math.min(2 * ms, LONGEST_PAUSE_MS)) {
    try {
      return await attempt()
    } catch (error) {
      if (signal?.aborted || count === MAX_ATTEMPTS || isFinal(error)) throw error
    }
    await pause(ms, signal)
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof RefusedError && error.code !== 'busy' && error.code !== 'unavailable'
}

/** Resolves after `ms` milliseconds, or rejects with the reason when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop)
  })
}
