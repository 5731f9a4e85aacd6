// Failures of the server itself: a Refusal, thrown anywhere and turned into an answer in one place.

import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { z } from 'zod'
import { cutToSent } from './sent-text.ts'

/** HTTP status of each refusal code. A client may rely on the codes. */
export const REFUSAL_STATUS = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  /** The same idempotency key came with something else before. */
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  /** The request is for another server's name. */
  misdirected_request: 421,
  rate_limited: 429,
  /** The client hung up: this answer is only logged. */
  cancelled: 499,
  internal: 500,
  busy: 503,
  unavailable: 503,
} as const

/** Longest message, in bytes as it is sent: it may repeat what the client sent. With the rest of the body it is below 4 KB. */
const MAX_MESSAGE_BYTES = 3500

/** The reason why there is no result. */
export type RefusalCode = keyof typeof REFUSAL_STATUS

/** The body of every answer that is not a run's outcome. */
export const refusalSchema = z
  .strictObject({
    output: z.literal('').describe('Always empty: there is no result'),
    error: z.string().describe('One sentence; for an invalid request, each bad field'),
    code: z.enum(Object.keys(REFUSAL_STATUS) as [RefusalCode, ...RefusalCode[]]),
    requestId: z.string().describe('Identifies the request in the server’s log'),
  })
  .meta({ id: 'Refusal', description: 'The reason why there is no result' })

/** The body of every answer that is not a run's outcome. */
export type RefusalBody = z.output<typeof refusalSchema>

interface RefusalOptions {
  /** Header fields of the answer, such as `Retry-After`. */
  headers?: Record<string, string>
  /** For the log only. */
  cause?: unknown
}

/** There is no result, and the client gets this reason. The message is public; the cause goes to the log. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  readonly headers: Record<string, string>

  constructor(code: RefusalCode, message: string, { headers = {}, cause }: RefusalOptions = {}) {
    super(cutToSent(message, MAX_MESSAGE_BYTES), { cause })
    this.code = code
    this.headers = headers
  }

  get status(): ContentfulStatusCode {
    return REFUSAL_STATUS[this.code] as ContentfulStatusCode // 499 is nginx's, not the standard's
  }

  toBody(requestId: string): RefusalBody {
    return { output: '', error: this.message, code: this.code, requestId }
  }
}

/** The refusal for anything that was thrown; `signal` is that of the request. */
export function toRefusal(error: unknown, signal?: AbortSignal): Refusal {
  if (error instanceof Refusal) return error
  // The client left while its body was read: the error that this caused is no bug of the server.
  if (signal?.aborted) return cancelled(signal)
  if (error instanceof HTTPException && error.status === 400) {
    return new Refusal('invalid_request', 'body: is not valid JSON', { cause: error })
  }
  return new Refusal('internal', 'Something went wrong on our side', { cause: error })
}

/** The refusal for a cancelled run. The reason of an abort may be any value. */
export function cancelled(signal: AbortSignal): Refusal {
  return new Refusal('cancelled', 'The client hung up', { cause: signal.reason })
}

/**
 * The refusal if one of the server's own programs could not be run: its own refusal, unless that is `cancelled`; else
 * `unavailable`.
 */
export function asUnavailable(error: unknown): Refusal {
  return error instanceof Refusal && error.code !== 'cancelled' ? error : unavailable(error)
}

/** The refusal when no programs can be run: no engine, no image, a missing wall. */
export function unavailable(cause: unknown): Refusal {
  return new Refusal('unavailable', 'Programs cannot be run at the moment; try again later', {
    cause,
    headers: { 'Retry-After': '5' },
  })
}

/** The refusal while the server shuts down. */
export function ending(): Refusal {
  return new Refusal('unavailable', 'The server is shutting down; try again', {
    headers: { 'Retry-After': '1' },
  })
}
