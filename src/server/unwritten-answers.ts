// Which answers of a connection are not written to their end: a client may send requests ahead.

import type { Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Those of one connection, in the order of their requests. */
export type UnwrittenAnswers = (socket: Duplex) => ReadonlySet<ServerResponse>

const NONE: ReadonlySet<ServerResponse> = new Set()

/** Watches a server's answers. */
export function watchUnwritten(server: Server): UnwrittenAnswers {
  const unwritten = new WeakMap<Duplex, Set<ServerResponse>>()
  // Before the one who answers, who may have written all when he returns.
  server.prependListener('request', ({ socket }, response) => {
    const ofSocket = unwritten.get(socket) ?? new Set()
    unwritten.set(socket, ofSocket.add(response))
    const end = () => ofSocket.delete(response)
    response.once('prefinish', end)
    response.once('close', end)
  })
  return (socket) => unwritten.get(socket) ?? NONE
}
