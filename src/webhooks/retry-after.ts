// The header field Retry-After: RFC 9110, section 10.2.3.

/** Longest time that a receiver may ask for, in milliseconds. */
export const MAX_RETRY_AFTER_MS = 5 * 60_000

/** The pause that a receiver asks for, in milliseconds; 0 if the field has neither of the two forms. */
export function retryAfterMs(field: unknown, nowMs = Date.now()): number {
  if (typeof field !== 'string') return 0
  const text = field.trim()
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  return Number.isNaN(waitMs) ? 0 : Math.min(Math.max(waitMs, 0), MAX_RETRY_AFTER_MS)
}
