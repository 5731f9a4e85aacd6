// Refusals in the API document: one answer for each HTTP status, with an example of each code.

import { REFUSAL_STATUS, type RefusalCode, refusalSchema } from '../run/refusal.ts'
import { jsonAnswer } from './parts.ts'

/** What each means to a client, and what it may read. */
const REFUSALS: Readonly<Record<RefusalCode, { description: string; error: string }>> = {
  invalid_request: {
    description: 'The request is not valid; `error` names each bad field',
    error: 'code: must be a string',
  },
  unauthorized: { description: 'A key is asked for', error: 'A valid API key is required' },
  forbidden: { description: 'Another site sent it', error: 'The form was sent by another site' },
  not_found: { description: 'There is no such path', error: 'There is no /nowhere' },
  method_not_allowed: { description: 'Not with this method', error: '/run: only POST' },
  conflict: {
    description: 'The same idempotency key came with another body before',
    error: 'Idempotency-Key: came with another body before',
  },
  too_large: {
    description: 'The body is too large; nothing of it was kept',
    error: 'body: must be at most 2097152 bytes',
  },
  unsupported_media_type: {
    description: 'The body is of another type',
    error: 'Content-Type: must be application/json',
  },
  misdirected_request: {
    description: 'The request is for a name that is not this server’s',
    error:
      'Host: this server does not answer to "other.example"; its operator can add the name to ALLOWED_HOSTS',
  },
  rate_limited: {
    description: 'This client sends too much',
    error: 'More than 1000 requests in 60 s; try again in 12 s',
  },
  cancelled: { description: 'The client hung up', error: 'The client hung up' },
  internal: { description: 'A bug of the server', error: 'Something went wrong on our side' },
  busy: {
    description: 'Every place is taken, and the waiting line too',
    error: 'The waiting line is full; try again later',
  },
  unavailable: {
    description: 'Programs cannot be run at the moment',
    error: 'Programs cannot be run at the moment; try again later',
  },
}

/** Of a body that is not taken. */
export const BODY_REFUSALS = [
  'invalid_request',
  'unauthorized',
  'too_large',
  'unsupported_media_type',
] as const
/** Of a run that is not taken. */
export const RUN_REFUSALS = ['rate_limited', 'busy', 'unavailable', 'internal'] as const
/** Of something that is not to be read. */
export const READING_REFUSALS = ['unauthorized', 'internal', 'unavailable'] as const

/** Codes that say when to try again. */
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
    description: 'After how many seconds to try again',
    schema: { type: 'integer' },
    example: 5,
  },
}
