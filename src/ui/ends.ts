// How a run ended and why one did not start, in words: for the page with a script and without.

import type { Outcome } from '../run/outcome.ts'
import type { RefusalCode } from '../run/refusal.ts'

/** Words and a sign for a status: colour alone tells nothing to many. */
export const STATUS_WORDS: Readonly<Record<Outcome['status'], { sign: string; words: string }>> = {
  ok: { sign: '✓', words: 'Succeeded' },
  error: { sign: '✗', words: 'Ended with an error' },
  timeout: { sign: '⧗', words: 'Time ran out' },
  oom: { sign: '▲', words: 'Out of memory' },
  output_limit: { sign: '≡', words: 'Too much output' },
  killed: { sign: '⊘', words: 'Killed by a signal' },
}

/** Statuses that the error of a run says in a sentence, which the page shows in the place of the words. */
export const SAID_BY_ERROR: readonly Outcome['status'][] = [
  'timeout',
  'oom',
  'output_limit',
  'killed',
]

/** All of them, in this order. */
export const STATUSES = Object.keys(STATUS_WORDS) as Outcome['status'][]

/** What a refusal means for the one who reads it, and what to do. */
const REFUSAL_WORDS: Readonly<Partial<Record<RefusalCode, string>>> = {
  rate_limited: 'Too many requests.',
  busy: 'All slots are taken.',
  unavailable: 'Programs can’t be run at the moment. The server’s log says why.',
  unauthorized: 'This server requires a key: enter it in “API key”, below the program.',
  internal: 'The server failed.',
  too_large: 'The request is too large.',
}

/** One or two sentences for a refusal; `retryAfterSeconds` where the server says when to try again. */
export function refusalText(
  code: RefusalCode,
  message: string,
  retryAfterSeconds?: number,
): { heading: string; detail: string } {
  if (message === 'code: must not be blank')
    return { heading: 'Write a program first.', detail: '' }
  const wait =
    retryAfterSeconds === undefined
      ? ''
      : ` Try again in ${retryAfterSeconds} ${retryAfterSeconds === 1 ? 'second' : 'seconds'}.`
  const words = REFUSAL_WORDS[code]
  return { heading: words ? `${words}${wait}` : 'The program was not run.', detail: message }
}

/** The facts of an ended run, each with its name. */
export function facts(outcome: Outcome, memoryBytes: number): { name: string; value: string }[] {
  const { exitCode, signal, durationMs, cpuMs, peakMemoryBytes, truncated } = outcome
  return [
    exitCode === null
      ? { name: 'Signal', value: signal ?? 'unknown' }
      : { name: 'Exit code', value: String(exitCode) },
    { name: 'Time', value: duration(durationMs) },
    { name: 'CPU', value: duration(cpuMs) },
    { name: 'Memory', value: `${megabytes(peakMemoryBytes)} of ${megabytes(memoryBytes)} MB` },
    ...(truncated ? [{ name: 'Output', value: 'cut at the limit' }] : []),
  ]
}

/** Such as `5 ms` or `1.3 s`. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** Such as `8.7` or `128`. */
function megabytes(bytes: number): string {
  const value = bytes / 1024 / 1024
  return Number.isInteger(value) ? String(value) : value.toFixed(1)
}

/** Such as `1.2 kB`. */
export function fileSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} kB` : `${megabytes(bytes)} MB`
}

/** Why files did not come back, in words. */
export const OMISSION_WORDS: Readonly<Record<Outcome['filesOmitted'][number]['reason'], string>> = {
  too_large: 'larger than the limit for one file',
  too_many: 'over the limit for the number of files',
  total_too_large: 'over the limit for the size of all files',
  not_regular: 'not a regular file',
  not_readable: 'not readable',
  bad_name: 'its name is not UTF-8',
  too_deep: 'in too many nested folders',
  not_collected: 'not collected before the search ended',
}
