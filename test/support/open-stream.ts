// A stream of events over a bare socket, which its reader may leave alone or break.

import { connect, type Socket } from 'node:net'

/** Sends a request for a stream, and reads nothing yet. */
export async function openStream(url: string, code: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const body = JSON.stringify({ code })
  socket.write(
    `POST /run HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}
