// The limit for unread bytes of answers.

import { SharedBound } from '../admission/shared-bound.ts'
import type { Config } from '../config/config.ts'
import { MAX_SENT_OF_DISPLAY_BYTE, MAX_SENT_OF_FILE_BYTE } from '../executor/collection.ts'
import { MAX_JSON_BYTES_OF_BYTE } from '../run/json-bytes.ts'

/** Minimum of the limit for all clients together, in bytes. */
const MIN_BYTES = 64 * 2 ** 20
/** Number of the largest answers that fit in it. */
const LARGEST_ANSWERS = 3
/** Counts unread bytes of all clients; one client may have half of the limit. */
export function unreadBytes(limits: ResultLimits): SharedBound {
  const max = maxUnreadBytes(limits)
  return new SharedBound({ max, maxOfClient: max / 2 })
}

/** Maximum of unread bytes of all clients. */
export function maxUnreadBytes({ MAX_OUTPUT_BYTES, MAX_OUTPUT_FILES_BYTES }: ResultLimits): number {
  const largest =
    MAX_JSON_BYTES_OF_BYTE * MAX_OUTPUT_BYTES +
    (MAX_SENT_OF_FILE_BYTE + MAX_SENT_OF_DISPLAY_BYTE) * MAX_OUTPUT_FILES_BYTES
  return Math.max(MIN_BYTES, LARGEST_ANSWERS * largest)
}

type ResultLimits = Pick<Config, 'MAX_OUTPUT_BYTES' | 'MAX_OUTPUT_FILES_BYTES'>
