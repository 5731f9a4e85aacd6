// The page's words for the ends of runs and for refusals, with and without a script.

import type { Outcome } from '../run/outcome.ts'
import type { RefusalCode } from '../run/refusal.ts'

/** Words and a sign for each status, for readers who don't see the colours. */
export const STATUS_WORDS: Readonly<Record<Outcome['status'], { sign: string; words: string }>> = {
  ok: { sign: '✓', words: 'Succeeded' },
  error: { sign: '✗', words: 'Ended with an error' },
  timeout: { sign: '⧗', words: 'Time ran out' },
  oom: { sign: '▲', words: 'Out of memory' },
  output_limit: { sign: '≡', words: 'Too much output' },
  killed: { sign: '⊘', words: 'Killed by a signal' },
}

/** All statuses, in this order. */
export const STATUSES = Object.keys(STATUS_WORDS) as Outcome['status'][]

/** The meaning of a refusal for a reader of the page. */
const REFUSAL_WORDS: Readonly<Partial<Record<RefusalCode, string>>> = {
  rate_limited: 'Too many requests.',
  busy: 'All slots are taken.',
  unavailable: 'Programs can’t be run at the moment. The server’s log says why.',
  unauthorized: 'This server requires a key: enter it in “API key”, below the program.',
  internal: 'The server failed.',
  too_large: 'The request is too large.',
}

/** The heading and the detail of a refusal; `retryAfterSeconds` is from the server's answer, if it has one. */
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

/** The facts of an outcome, each with its name. */
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

/** The reasons for which files are left out, in words. */
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
