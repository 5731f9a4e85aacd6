// A typed client of the HTTP API, for browsers and Node. It has no dependency: everything else here is types.

import type { EnvironmentFacts } from './environments.ts'
import type { RefusalBody, RefusalCode } from './errors.ts'
import type { Outcome } from './outcome.ts'
import type { RunRequestInput } from './run.ts'

export type { Display, OutputFile } from './outcome.ts'
export type { EnvironmentFacts, Outcome, RefusalCode, RunRequestInput }

export interface ClientOptions {
  /** Where the server is: `http://127.0.0.1:5000`. */
  url: string
  /** An API key, where the server asks for one. */
  key?: string
  /** By default the global `fetch`. */
  fetch?: typeof fetch
}

export interface CallOptions {
  /** Gives up; a program that is running is stopped. */
  signal?: AbortSignal
}

/** What a stream yields: output as it comes, last the result. After `restart` all output before it is void. */
export type RunEvent =
  | { type: 'stdout' | 'stderr'; text: string }
  | { type: 'restart' }
  | { type: 'result'; outcome: Outcome }

/** The server did not run the program. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly code: RefusalCode
  /** HTTP status of the answer. */
  readonly status: number
  /** Finds the request in the server's log. */
  readonly requestId: string
  /** After how many seconds it makes sense to try again; undefined where the server does not say. */
  readonly retryAfterSeconds: number | undefined

  constructor(body: RefusalBody, response: Response) {
    super(body.error)
    this.code = body.code
    this.status = response.status
    this.requestId = body.requestId
    const retryAfter = response.headers.get('Retry-After')
    this.retryAfterSeconds = retryAfter === null ? undefined : Number(retryAfter)
  }
}

/** A server that runs programs. */
export interface Client {
  /**
   * Runs a program and resolves when it has ended, however it did.
   * @throws {RefusedError} when it did not run.
   */
  run(request: RunRequestInput, options?: CallOptions): Promise<Outcome>
  /**
   * Runs a program and yields its output as it comes; leaving the loop stops the program.
   * @throws {RefusedError} when it did not run.
   */
  stream(request: RunRequestInput, options?: CallOptions): AsyncGenerator<RunEvent, void>
  /** What programs may run in. */
  environments(options?: CallOptions): Promise<EnvironmentFacts[]>
}

export function createClient({ url, key, fetch: send = fetch }: ClientOptions): Client {
  const base = url.replace(/\/+$/, '')
  const call = async (path: string, accept: string, init: RequestInit, options: CallOptions) => {
    const request = send(`${base}${path}`, {
      ...init,
      ...(options.signal && { signal: options.signal }),
      headers: {
        Accept: accept,
        ...(init.body ? { 'Content-Type': 'application/json' } : {}),
        ...(key ? { Authorization: `Bearer ${key}` } : {}),
      },
    })
    const response = await request.catch((error: unknown) => {
      if (options.signal?.aborted) throw error
      throw new Error(`${base} can’t be reached`, { cause: error })
    })
    if (!response.ok) throw await refused(response)
    return response
  }
  const post = (request: RunRequestInput, accept: string, options: CallOptions) =>
    call('/run', accept, { method: 'POST', body: JSON.stringify(request) }, options)

  return {
    async run(request, options = {}) {
      const response = await post(request, 'application/json', options)
      return (await response.json()) as Outcome
    },
    async *stream(request, options = {}) {
      const response = await post(request, 'text/event-stream', options)
      if (!response.body) throw new Error('the answer has no body')
      for await (const { name, data } of eventsOf(response.body)) {
        const body = JSON.parse(data)
        if (name === 'stdout' || name === 'stderr') yield { type: name, text: body.text }
        else if (name === 'restart') yield { type: name }
        else if (name === 'error') throw new RefusedError(body, response)
        else if (name === 'result') {
          yield { type: 'result', outcome: body }
          return
        }
      }
      throw new Error('the connection ended before the result')
    },
    async environments(options = {}) {
      const response = await call('/environments', 'application/json', {}, options)
      return (await response.json()).environments
    },
  }
}

/** What is not the server's own refusal comes from something between: a proxy's page, another service. */
async function refused(response: Response): Promise<Error> {
  const body = await response.json().catch(() => undefined)
  return typeof body?.code === 'string' && typeof body.error === 'string'
    ? new RefusedError(body, response)
    : new Error(`the answer is ${response.status} and not from safe-code-executor`)
}

/** Server-sent events, as far as this server sends them: a name and one line of data; comments are passed over. */
async function* eventsOf(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<{ name: string; data: string }, void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  /** What came of the event that has not ended: joined once, or a large one would take a time that grows as its square. */
  let parts: string[] = []
  let heldBack = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      let text = heldBack + decoder.decode(value, { stream: true })
      // Its other half may be in the next piece.
      heldBack = text.endsWith('\n') && !text.endsWith('\n\n') ? '\n' : ''
      if (heldBack) text = text.slice(0, -1)
      const [first = '', ...others] = text.split('\n\n')
      parts.push(first)
      for (const next of others) {
        const [, name, data] = parts.join('').match(/^event: ([^\n]*)\ndata: ([^\n]*)$/) ?? []
        if (name && data) yield { name, data }
        parts = [next]
      }
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}
