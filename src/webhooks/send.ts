// One attempt to send a webhook: a POST to an allowed address, with limits on its duration and its answer.

import { type Dispatcher, request } from 'undici'
import { abortable, onAbort } from '../waits/abortable.ts'
import type { AddressFilter } from './address-filter.ts'
import { ForbiddenAddress, filteredAgent, type Resolve } from './filtered-agent.ts'
import { redirectTarget } from './redirect.ts'
import { retryAfterMs } from './retry-after.ts'
import type { WebhookMessage } from './run-ended.ts'
import { NoKey, signedHeaders } from './signature.ts'

/** Longest attempt with its redirects, in milliseconds: a receiver should answer first and work then. */
const TIMEOUT_MS = 10_000
/** Longest time for one connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5000
/** Most bytes of an answer's body that are read, so that an ordinary one ends well; they are not used. */
const MAX_ANSWER_BYTES = 64 * 1024
const MAX_REDIRECTS = 3
/** Redirects that keep method and body: RFC 9110, sections 15.4.8 and 15.4.9. */
const REDIRECTS = [307, 308]
/** Statuses that are retried, like all of 500 and above: too slow, too early, too many. */
const RETRIED = [408, 425, 429]

export interface SendOptions {
  /** Checks every address before it is connected to. */
  isAllowed: AddressFilter
  /** The version in `User-Agent`. */
  version: string
  /** Ends the attempt. */
  signal?: AbortSignal
  /** By default 10 s and 5 s. */
  timeoutMs?: number
  connectTimeoutMs?: number
  /** By default the system's. */
  resolve?: Resolve
}

/** How an attempt ended. `status` is undefined if there was no answer. */
export type SendEnd =
  | { end: 'delivered'; status: number }
  /** Another attempt would end in the same way. */
  | { end: 'failed'; status?: number; reason: string }
  /** Another attempt may be made, after the time that the receiver asked for. */
  | { end: 'retry'; status?: number; reason: string; retryAfterMs: number }

/** Sends a message once. Every failure is a value. */
export async function sendWebhook(message: WebhookMessage, options: SendOptions): Promise<SendEnd> {
  const { timeoutMs = TIMEOUT_MS, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options
  const { isAllowed, version, signal, resolve } = options
  const agent = filteredAgent({ isAllowed, connectTimeoutMs, resolve })
  const attempt = new AbortController()
  const timer = setTimeout(() => attempt.abort(new Error('timeout')), timeoutMs)
  const stop = () => attempt.abort(new Error('ended'))
  const stopListening = signal ? onAbort(signal, stop) : () => {}
  if (signal?.aborted) stop()
  try {
    return await follow(message, version, agent, attempt.signal)
  } catch (error) {
    if (error instanceof ForbiddenAddress || error instanceof NoKey) {
      return { end: 'failed', reason: error.message }
    }
    const cause = attempt.signal.aborted ? attempt.signal.reason : error
    return { end: 'retry', reason: reasonOf(cause), retryAfterMs: 0 }
  } finally {
    clearTimeout(timer)
    stopListening()
    // Not awaited: it waits for a connection that is being made, and closes it then.
    agent.destroy().catch(() => {})
  }
}

async function follow(
  { id, url: firstUrl, secret, body }: WebhookMessage,
  version: string,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<SendEnd> {
  const timestampSeconds = Math.floor(Date.now() / 1000)
  const headers = {
    'content-type': 'application/json',
    'user-agent': `safe-code-executor/${version}`,
    ...signedHeaders({ id, timestampSeconds, body }, secret),
  }
  let url = new URL(firstUrl)
  for (let redirects = 0; ; redirects += 1) {
    signal.throwIfAborted()
    const asked = request(url, { method: 'POST', headers, body, dispatcher, signal })
    const answer = await abortable(asked, signal) // undici ignores the signal until it is connected
    const { statusCode: status } = answer
    // Only the head of the answer counts: a body that breaks off, or does not end in time, changes nothing.
    await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal }).catch(() => {})
    if (!REDIRECTS.includes(status)) return endOf(status, answer.headers)
    const next = redirects < MAX_REDIRECTS && redirectTarget(url, answer.headers.location)
    if (!next) return { end: 'failed', status, reason: 'the redirect is not followed' }
    url = next
  }
}

function endOf(status: number, headers: Record<string, unknown>): SendEnd {
  if (status >= 200 && status < 300) return { end: 'delivered', status }
  const reason = 'the answer is not a success'
  if (status < 500 && !RETRIED.includes(status)) return { end: 'failed', status, reason }
  return { end: 'retry', status, reason, retryAfterMs: retryAfterMs(headers['retry-after']) }
}

/** The code of an error, or else its message. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return typeof code === 'string' ? code : message
}
