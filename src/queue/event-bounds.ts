// Limits of the events of a run's output.

import { MAX_CHANGES } from '../output/output-text.ts'

/** Longest text of one event, in characters: Redis and readers handle it as a whole. */
export const MAX_TEXT_CHARS = 65_536
/** The most memory of an event in Redis without the JSON of its text, in bytes: PIECE_BYTES in scripts.ts, names and quotes. */
export const EVENT_BYTES = 180
/**
 * How many events are sent while the program runs. Each takes memory beside its text, so there must not be one for every
 * byte of output.
 */
export const MAX_LIVE_EVENTS = 4096
/** The most events of a run, without those that are added because a text is long. */
export const MAX_EVENTS = MAX_LIVE_EVENTS + 2 * (MAX_CHANGES + 1) + 1
