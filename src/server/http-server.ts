// Node's HTTP server before the app: its bounds, and what becomes of requests that the app never sees.

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { getRequestListener, RequestError } from '@hono/node-server'
import { Refusal, toRefusal } from '../run/refusal.ts'
import { type DoorRefusal, refuseMalformed } from './malformed.ts'
import { type UnwrittenAnswers, watchUnwritten } from './unwritten-answers.ts'

/** How long a client may take to send its request, in milliseconds, and the head of it. */
const REQUEST_TIMEOUT_MS = 30_000
const HEADERS_TIMEOUT_MS = 10_000
/** How often these are looked at, in milliseconds. */
const TIMEOUT_CHECK_MS = 1000
/** Longest head of a request, in bytes. */
const MAX_HEADER_BYTES = 16 * 1024
/**
 * How long a connection may be idle, in milliseconds: longer than a proxy keeps its own (nginx: 60 s), so that it is the
 * proxy who ends it, and never the server just as the next request comes.
 */
const KEEP_ALIVE_MS = 65_000

/**
 * How long an answer may take from then on, in milliseconds. Until something is written, a client that has hung up looks the
 * same, and its run must not go on. So it is longer than a run takes in a container that waits, and shorter than the start of
 * one: a flood of clients that hang up must not have the programs run for which containers were started.
 */
const GRACE_MS = 400

export interface HttpServerOptions {
  /** The app. */
  fetch: Parameters<typeof getRequestListener>[0]
  /** Called for each answer that the app did not make. */
  onRefused: (refusal: DoorRefusal) => void
}

/** A server that does not listen yet. */
export function createHttpServer(options: HttpServerOptions): Server {
  const { fetch, onRefused } = options
  const answer = getRequestListener(fetch, {
    hostname: 'localhost',
    errorHandler: (error) => refusedTarget(error, onRefused),
  })
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    // The URL would be built of it, and fail if it is odd or missing. The app has the header fields as they came.
    delete request.headers.host
    return answer(request, response)
  }
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // The app says which requests need none.
      requireHostHeader: false,
    },
    listener,
  )
  // The size of the head is limited. Node silently drops header fields above a number, including a second `Host`.
  server.maxHeadersCount = 0
  // Other values of `Expect` may be ignored: RFC 9110, section 10.1.1.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  const unwritten = watchUnwritten(server)
  answerHalfClosed(server, unwritten)
  refuseMalformed(server, unwritten, onRefused)
  return server
}

/** The answer to a target that no URL can be made of. */
function refusedTarget(error: unknown, onRefused: HttpServerOptions['onRefused']): Response {
  const requestId = randomUUID()
  const isTarget = error instanceof RequestError
  const refusal = isTarget
    ? new Refusal('invalid_request', 'The target of the request is not valid')
    : toRefusal(error)
  const { status } = refusal
  onRefused({ requestId, status, refusal, reason: isTarget ? 'TARGET' : 'APP' })
  const headers = { 'X-Content-Type-Options': 'nosniff', 'X-Request-Id': requestId }
  return Response.json(refusal.toBody(requestId), { status, headers })
}

/**
 * A client may end its side of the connection after its request and still read the answer: `printf … | nc -N`. Cuts the
 * connection off if the answer is not written within the grace.
 */
function answerHalfClosed(server: Server, unwritten: UnwrittenAnswers): void {
  // Node has this switch without a word about it in its types. Without it such a connection is closed at once.
  Object.assign(server, { httpAllowHalfOpen: true })
  server.on('connection', (socket) => {
    socket.once('end', () => {
      const cut = () => unwritten(socket).size > 0 && socket.destroy()
      setTimeout(cut, GRACE_MS).unref()
    })
  })
}
