// Refusals in the API document: one answer for each HTTP status, with an example of each code.

import { REFUSAL_STATUS, type RefusalCode, refusalSchema } from '../run/refusal.ts'
import { jsonAnswer } from './parts.ts'

/** The meaning of each code, and an example of its message. */
const REFUSALS: Readonly<Record<RefusalCode, { description: string; error: string }>> = {
  invalid_request: {
    description: 'The request is not valid; `error` names each bad field',
    error: 'code: must be a string',
  },
  unauthorized: {
    description: 'The API key is missing or unknown',
    error: 'A valid API key is required',
  },
  forbidden: {
    description: 'The key lacks a right, or another site sent the form',
    error: 'The form was sent by another site',
  },
  not_found: { description: 'The path or the run does not exist', error: 'There is no /nowhere' },
  method_not_allowed: {
    description: 'The path does not support this method',
    error: '/run: only POST',
  },
  conflict: {
    description: 'The same idempotency key was sent with another body before',
    error: 'Idempotency-Key: came with another body before',
  },
  too_large: {
    description: 'The body is too large',
    error: 'body: must be at most 2097152 bytes',
  },
  unsupported_media_type: {
    description: 'The content type or encoding is not supported',
    error: 'Content-Type: must be application/json',
  },
  misdirected_request: {
    description: 'The `Host` is not a name of this server',
    error:
      'Host: this server does not answer to "other.example"; its operator can add the name to ALLOWED_HOSTS',
  },
  rate_limited: {
    description: 'The client has used up its rate limit, or its key runs too many programs at once',
    error: 'More than 1000 requests in 60 s; try again in 12 s',
  },
  cancelled: { description: 'The client closed the connection', error: 'The client hung up' },
  internal: { description: 'A fault of the server', error: 'Something went wrong on our side' },
  busy: {
    description: 'All slots are taken and the queue is full',
    error: 'The waiting line is full; try again later',
  },
  unavailable: {
    description: 'Programs cannot be run at the moment',
    error: 'Programs cannot be run at the moment; try again later',
  },
}

/** Codes for a request body. */
export const BODY_REFUSALS = [
  'invalid_request',
  'unauthorized',
  'too_large',
  'unsupported_media_type',
] as const
/** Codes for a run that is not accepted. */
export const RUN_REFUSALS = ['rate_limited', 'busy', 'unavailable', 'internal'] as const
/** Codes for a request that reads. */
export const READING_REFUSALS = ['unauthorized', 'internal', 'unavailable'] as const

/** Codes that come with `Retry-After`. */
const WITH_RETRY_AFTER: readonly RefusalCode[] = ['rate_limited', 'busy', 'unavailable']

/** The answers for some codes, by HTTP status. */
export function refusals(...codes: RefusalCode[]) {
  const same = (status: number) => refusal(codes.filter((code) => REFUSAL_STATUS[code] === status))
  return Object.fromEntries(
    codes.map((code) => REFUSAL_STATUS[code]).map((status) => [status, same(status)]),
  )
}

/** One answer with these codes, which share a status. */
export function refusal(codes: RefusalCode[]) {
  const examples = codes.map((code) => {
    const { description, error } = REFUSALS[code]
    return [code, { summary: description, value: { output: '', error, code, requestId: '…' } }]
  })
  return jsonAnswer(
    codes.map((code) => `\`${code}\`: ${REFUSALS[code].description}`).join('. '),
    refusalSchema,
    {
      ...(codes.some((code) => WITH_RETRY_AFTER.includes(code)) && { headers: RETRY_AFTER }),
      examples: Object.fromEntries(examples),
    },
  )
}

const RETRY_AFTER = {
  'Retry-After': {
    description: 'Seconds to wait before the next attempt',
    schema: { type: 'integer' },
    example: 5,
  },
}
