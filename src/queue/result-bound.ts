// The most memory that a run may take in Redis until it has ended: a worker reserves it before it starts the run.

import type { Config } from '../config/config.ts'
import {
  MAX_NAMES_BYTES_PER_FILE,
  MAX_OMITTED_NAMES_BYTES,
  MAX_SENT_OF_DISPLAY_BYTE,
  MAX_SENT_OF_FILE_BYTE,
} from '../executor/collection.ts'
import { type CollectionLimits, collectionLimits } from '../executor/protocol.ts'
import { MAX_PATTERNS } from '../run/fields.ts'
import { MAX_JSON_BYTES_OF_BYTE } from '../run/json-bytes.ts'
import { MAX_OMITTED } from '../run/outcome.ts'
import { MAX_PATH_BYTES } from '../run/relative-path.ts'
import { EVENT_BYTES, MAX_EVENTS, MAX_TEXT_CHARS } from './event-bounds.ts'

/** The longest error message, in bytes: REPORT_BYTES in sandbox/runner.py. */
const MAX_MESSAGE_BYTES = 8192
/** A file, a display or an omitted one without its name and content, in bytes: names of fields, quotes, digits. */
const PART_BYTES = 128
/** An end without output, files, displays and message, in bytes. */
const FRAME_BYTES = 4096

/** Limits of what programs send back. */
export interface ResultLimits {
  /** Most output, stdout and stderr together. */
  outputBytes: number
  /** Of files, and once more of displays. */
  collection: CollectionLimits
}

/** The limits that follow from the settings. */
export function resultLimits(config: Config): ResultLimits {
  return { outputBytes: config.MAX_OUTPUT_BYTES, collection: collectionLimits(config) }
}

/** In bytes, at most. */
export interface ResultBound {
  /** The end of a run that asks for no files. */
  endBytes: number
  /** More, if it asks for files. */
  filesBytes: number
  /** The events of a run whose output is followed. */
  eventsBytes: number
}

/** The most that a run takes on a host with these limits. */
export function resultBound({ outputBytes, collection }: ResultLimits): ResultBound {
  const { maxFiles, maxTotalBytes } = collection
  const texts = MAX_JSON_BYTES_OF_BYTE * outputBytes
  const displays = Math.ceil(MAX_SENT_OF_DISPLAY_BYTE * maxTotalBytes) + maxFiles * PART_BYTES
  const events = MAX_EVENTS + Math.ceil(outputBytes / MAX_TEXT_CHARS)
  return {
    endBytes: texts + displays + MAX_JSON_BYTES_OF_BYTE * MAX_MESSAGE_BYTES + FRAME_BYTES,
    filesBytes:
      MAX_SENT_OF_FILE_BYTE * maxTotalBytes +
      maxFiles * (MAX_NAMES_BYTES_PER_FILE + PART_BYTES) +
      MAX_OMITTED_NAMES_BYTES +
      MAX_PATTERNS * MAX_JSON_BYTES_OF_BYTE * MAX_PATH_BYTES +
      MAX_OMITTED * PART_BYTES,
    eventsBytes: texts + events * EVENT_BYTES,
  }
}
