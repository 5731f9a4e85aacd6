// Calls of the HTTP API: the key, refusals, and what is no answer of this server.

import type { RefusalBody, RefusalCode } from '../run/refusal.ts'

export interface ClientOptions {
  /** The URL of the server: `http://127.0.0.1:5000`. */
  url: string
  /** An API key, if the server requires one. */
  key?: string
  /** By default the global `fetch`. */
  fetch?: typeof fetch
}

export interface CallOptions {
  /** Gives up. A program that is waited for is stopped, an asynchronous one goes on. */
  signal?: AbortSignal
}

/** The server did not run the program. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly code: RefusalCode
  /** HTTP status of the answer. */
  readonly status: number
  /** Finds the request in the server's log. */
  readonly requestId: string
  /** After how many seconds it makes sense to try again; undefined if the server does not say. */
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

/** Sends one request. */
export type Call = (
  path: string,
  accept: string,
  init: RequestInit & { headers?: Record<string, string> },
  options: CallOptions,
) => Promise<Response>

/** A function that sends requests to a server. */
export function caller({ url, key, fetch: send = fetch }: ClientOptions): Call {
  const base = url.replace(/\/+$/, '')
  return async (path, accept, init, options) => {
    const request = send(`${base}${path}`, {
      ...init,
      ...(options.signal && { signal: options.signal }),
      headers: {
        Accept: accept,
        ...(init.body ? { 'Content-Type': 'application/json' } : {}),
        ...init.headers,
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
}

/** An answer that is no refusal of the server comes from something in between: a proxy, another service. */
async function refused(response: Response): Promise<Error> {
  const body = await response.json().catch(() => undefined)
  return typeof body?.code === 'string' && typeof body.error === 'string'
    ? new RefusedError(body, response)
    : new Error(`the answer ${response.status} is not from safe-code-executor`)
}
