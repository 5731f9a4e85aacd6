// Requests that Node's parser refuses before the app sees them: they get an answer in our form, and are logged.

import { randomUUID } from 'node:crypto'
import { type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { Refusal, type RefusalCode } from '../run/refusal.ts'
import type { UnwrittenAnswers } from './unwritten-answers.ts'

/** How long a refused client may take to read the answer, in milliseconds. Further input is dropped. */
const LINGER_MS = 500

/** A refusal that the app did not make. `reason` is one of a fixed set of words, and nothing of the client's. */
export interface DoorRefusal {
  requestId: string
  status: number
  refusal: Refusal
  reason: string
}

type Answer = readonly [status: number, code: RefusalCode, error: string]

/** Answers to errors that have their own status. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'invalid_request', 'The request did not come in time'],
  HPE_HEADER_OVERFLOW: [431, 'invalid_request', 'The head of the request is too long'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'too_large', 'The extensions of a chunk are too long'],
}
const NOT_HTTP: Answer = [400, 'invalid_request', 'The request is not valid HTTP/1.1']
const CONNECT: Answer = [400, 'invalid_request', 'CONNECT: this server is not a proxy']

/** Answers what the parser refuses. `onRefused` is called once for each answer, and at most once for a connection. */
export function refuseMalformed(
  server: Server,
  unwritten: UnwrittenAnswers,
  onRefused: (refusal: DoorRefusal) => void,
): void {
  const refused = new WeakSet<Duplex>()
  const refuse = (socket: Duplex, reason: string, [status, refusalCode, error]: Answer) => {
    const requestId = randomUUID()
    const refusal = new Refusal(refusalCode, error)
    refused.add(socket)
    socket.on('error', () => {}) // there is no other listener any more
    socket.end(answerText(status, requestId, refusal))
    setTimeout(() => socket.destroy(), LINGER_MS).unref()
    onRefused({ requestId, status, refusal, reason })
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (refused.has(socket)) return // the client still sends
    const { code = '' } = error
    const answer = ANSWERS[code] ?? (code.startsWith('HPE_') ? NOT_HTTP : undefined)
    if (answer && socket.writable && isAnswerable(unwritten(socket))) refuse(socket, code, answer)
    else socket.destroy(error)
  })
  server.on('connect', (_request, socket) => {
    if (isAnswerable(unwritten(socket))) refuse(socket, 'CONNECT', CONNECT)
    else socket.destroy()
  })
}

/**
 * Whether an answer now would be taken for that of the request which is refused: not where another one's comes first, or has
 * begun.
 */
function isAnswerable(unwritten: ReturnType<UnwrittenAnswers>): boolean {
  const [first, ...others] = unwritten
  if (!first) return true
  return others.length === 0 && !first.req.complete && !first.headersSent
}

function answerText(status: number, requestId: string, refusal: Refusal): string {
  const body = JSON.stringify(refusal.toBody(requestId))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${requestId}`,
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
