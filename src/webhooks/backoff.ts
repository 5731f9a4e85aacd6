// The pauses between the attempts of a webhook, and the time that it has when the server ends.

/** Most attempts for one webhook. */
export const MAX_ATTEMPTS = 5

/** How long attempts may take when the server ends, in milliseconds. */
export const LAST_WEBHOOKS_MS = 2000

const FIRST_PAUSE_MS = 1000
/** 1 s, 5 s, 25 s, 2 min: some two and a half minutes, in which a receiver restarts. */
const FACTOR = 5
/** The part by which a pause is shorter or longer, so that webhooks that failed together are not sent together again. */
const JITTER = 0.2

/**
 * The pause after the attempt of this number, the first being 1, in milliseconds; at least `askedMs`.
 * `random` is from 0 to 1.
 */
export function backoffMs(attempt: number, askedMs = 0, random = Math.random()): number {
  const pauseMs = FIRST_PAUSE_MS * FACTOR ** (attempt - 1) * (1 + JITTER * (2 * random - 1))
  return Math.max(Math.round(pauseMs), askedMs)
}
