// How large the events of a run's output are, and how many.

import { MAX_CHANGES } from '../output/output-text.ts'

/** Longest text of one event, in characters: Redis and readers take it in one piece. */
export const MAX_TEXT_CHARS = 65_536
/** What an event takes in Redis beside the JSON of its text, at most, in bytes: PIECE_BYTES in scripts.ts, names and quotes. */
export const EVENT_BYTES = 180
/**
 * How many events are sent as they come. Each takes memory beside its text, so that they must not be as many as a program
 * has bytes of output.
 */
export const MAX_LIVE_EVENTS = 4096
/** How many events a run has at most, beside those that there are because a text is long. */
export const MAX_EVENTS = MAX_LIVE_EVENTS + 2 * (MAX_CHANGES + 1) + 1
