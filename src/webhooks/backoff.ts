// How long a webhook waits between its attempts, and how long a server that ends waits for its webhooks.

/** Most attempts to tell a webhook of one run. */
export const MAX_ATTEMPTS = 5

/** How long webhooks may take that are told when the server ends, in milliseconds. */
export const LAST_WEBHOOKS_MS = 2000

const FIRST_PAUSE_MS = 1000
/** 1 s, 5 s, 25 s, 2 min: some two and a half minutes, in which a receiver starts again. */
const FACTOR = 5
/** By which part a pause may be shorter or longer, so that those which failed together do not come together again. */
const JITTER = 0.2

/**
 * The pause after the attempt of this number, the first being 1, in milliseconds; at least what the receiver asked for.
 * `random` is from 0 to 1.
 */
export function backoffMs(attempt: number, askedMs = 0, random = Math.random()): number {
  const pauseMs = FIRST_PAUSE_MS * FACTOR ** (attempt - 1) * (1 + JITTER * (2 * random - 1))
  return Math.max(Math.round(pauseMs), askedMs)
}
