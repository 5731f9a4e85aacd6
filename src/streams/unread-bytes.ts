// How much may be made for clients that they have not read.

import { SharedBound } from '../admission/shared-bound.ts'
import type { Config } from '../config/config.ts'
import { MAX_SENT_OF_DISPLAY_BYTE, MAX_SENT_OF_FILE_BYTE } from '../executor/collection.ts'
import { MAX_JSON_BYTES_OF_BYTE } from '../run/json-bytes.ts'

/** How much may wait for all clients together, at least, in bytes. */
const MIN_BYTES = 64 * 2 ** 20
/** How many of the largest answers may wait, at least. */
const LARGEST_ANSWERS = 3
/** Counts bytes that wait to be read: of all clients some of the largest answers, of one client half of that. */
export function unreadBytes(limits: ResultLimits): SharedBound {
  const max = maxUnreadBytes(limits)
  return new SharedBound({ max, maxOfClient: max / 2 })
}

/** How many bytes may wait to be read. */
export function maxUnreadBytes({ MAX_OUTPUT_BYTES, MAX_OUTPUT_FILES_BYTES }: ResultLimits): number {
  const largest =
    MAX_JSON_BYTES_OF_BYTE * MAX_OUTPUT_BYTES +
    (MAX_SENT_OF_FILE_BYTE + MAX_SENT_OF_DISPLAY_BYTE) * MAX_OUTPUT_FILES_BYTES
  return Math.max(MIN_BYTES, LARGEST_ANSWERS * largest)
}

type ResultLimits = Pick<Config, 'MAX_OUTPUT_BYTES' | 'MAX_OUTPUT_FILES_BYTES'>
