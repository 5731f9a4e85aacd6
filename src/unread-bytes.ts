// How much may be made for clients that they have not read.

import type { Config } from './config.ts'
import { SharedBound } from './shared-bound.ts'

/** How long a client may take to read what was made for it, in milliseconds. */
export const READ_TIMEOUT_MS = 30_000
/** How much may wait for all clients together, at least, in bytes. */
const MIN_BYTES = 64 * 2 ** 20
/** How many of the largest answers may wait, at least. */
const LARGEST_ANSWERS = 3
/** Most bytes of JSON for a byte of text: a control character is `\u0001`. */
const MAX_ESCAPED = 6
/** The same for a byte of a file, which is base64 where text would take more. */
const MAX_ENCODED = 2
/** And for a byte of a display: base64, or text that is within its bound as it is sent. */
const MAX_DISPLAYED = 4 / 3

/** Counts bytes that wait to be read: of all clients some of the largest answers, of one client half of that. */
export function unreadBytes(limits: ResultLimits): SharedBound {
  const max = maxUnreadBytes(limits)
  return new SharedBound({ max, maxOfClient: max / 2 })
}

/** How many bytes may wait to be read. */
export function maxUnreadBytes({ MAX_OUTPUT_BYTES, MAX_OUTPUT_FILES_BYTES }: ResultLimits): number {
  const largest =
    MAX_ESCAPED * MAX_OUTPUT_BYTES + (MAX_ENCODED + MAX_DISPLAYED) * MAX_OUTPUT_FILES_BYTES
  return Math.max(MIN_BYTES, LARGEST_ANSWERS * largest)
}

type ResultLimits = Pick<Config, 'MAX_OUTPUT_BYTES' | 'MAX_OUTPUT_FILES_BYTES'>
