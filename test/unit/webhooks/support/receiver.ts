// A receiver of webhooks on loopback, which notes what comes.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Received {
  method: string | undefined
  path: string | undefined
  headers: IncomingMessage['headers']
  body: string
  atMs: number
}

/** Answers the request of this number, the first being 0. */
export type Respond = (response: ServerResponse, index: number, request: Received) => void

/** Listens until the test ends; `url` is its own, and `received` grows. By default at a port that is free. */
export async function receiver(respond: Respond = answer(204), host = '127.0.0.1', ownPort = 0) {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const atMs = performance.now()
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const { method, url: path, headers } = request
    const entry = { method, path, headers, body, atMs }
    respond(response, received.push(entry) - 1, entry)
  })
  await new Promise<void>((resolve) => server.listen(ownPort, host, resolve))
  const { port } = server.address() as AddressInfo
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { received, port, url: `http://${host}:${port}/hook?token=t` }
}

/** The same answer for all. */
export function answer(status: number, headers: Record<string, string> = {}): Respond {
  return (response) => response.writeHead(status, headers).end()
}

/** These statuses in turn; the last is for all that follow. */
export function answers(...statuses: number[]): Respond {
  return (response, index) => response.writeHead(statuses[index] ?? statuses.at(-1) ?? 200).end()
}

/** None, for as long as the test lasts. */
export const noAnswer: Respond = () => {}
