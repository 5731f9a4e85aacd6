// Refusals in the API document: one answer for each HTTP status, with an example of each code.

import { REFUSAL_STATUS, type RefusalCode, refusalSchema } from '../run/refusal.ts'
import { jsonAnswer } from './parts.ts'

/** The meaning of each code, and an example of its message. */
const REFUSALS: Readonly<Record<RefusalCode, [meaning: string, message: string]>> = {
  invalid_request: [
    'The request is not valid; `error` names each bad field',
    'code: must be a string',
  ],
  unauthorized: ['The API key is missing or unknown', 'A valid API key is required'],
  forbidden: [
    'The key lacks a right, or the form was sent by another site',
    'The form was sent by another site',
  ],
  not_found: ['The path or the run does not exist', 'There is no /nowhere'],
  method_not_allowed: ['The path does not support the method', '/run: only POST'],
  conflict: [
    'The idempotency key was sent with another body before',
    'Idempotency-Key: came with another body before',
  ],
  too_large: ['The body is too large', 'body: must be at most 2097152 bytes'],
  unsupported_media_type: [
    'The type or encoding of the body is not supported',
    'Content-Type: must be application/json',
  ],
  misdirected_request: [
    'The `Host` is not a name of this server',
    'Host: this server does not answer to "other.example"; its operator can add the name to ALLOWED_HOSTS',
  ],
  rate_limited: [
    'The client has used up its rate limit, or its key runs too many programs at once',
    'More than 1000 requests in 60 s; try again in 12 s',
  ],
  cancelled: ['The client closed the connection', 'The client hung up'],
  internal: ['A fault of the server', 'Something went wrong on our side'],
  busy: ['All slots are taken and the queue is full', 'The queue is full; try again later'],
  unavailable: [
    'Programs cannot be run at the moment',
    'Programs cannot be run at the moment; try again later',
  ],
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
    const [summary, error] = REFUSALS[code]
    return [code, { summary, value: { output: '', error, code, requestId: '…' } }]
  })
  return jsonAnswer(
    codes.map((code) => `\`${code}\`: ${REFUSALS[code][0]}`).join('. '),
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
