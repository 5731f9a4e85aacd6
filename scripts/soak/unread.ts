// The part of the soak with answers that nobody reads: minutes of large results in JSON, as events and on the page, of which
// the readers take nothing. Fails where the server keeps others waiting, or its memory grows.

import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { type Server, startServer } from '../../test/support/server.ts'
import { LARGEST_CODE, LARGEST_RUN } from '../largest-result.ts'
import { Watch } from './watch.ts'

/** Pause between two requests, in milliseconds. */
const EVERY_MS = 100
/** How many connections are held; with one more the first is let go. */
const MAX_HELD = 200

/** Submits a run and waits for its end. */
async function endedRun(server: Server): Promise<string> {
  const headers = { 'Content-Type': 'application/json' }
  const answer = await fetch(`${server.url}/runs`, { method: 'POST', headers, body: LARGEST_RUN })
  const { id } = (await answer.json()) as { id: string }
  for (let isEnded = false; !isEnded; await pause(100)) {
    const found = await (await fetch(`${server.url}/runs/${id}`)).text()
    isEnded = found.includes('"state":"finished"')
  }
  return id
}

/** Asks and reads nothing. */
function hold(server: Server, head: string, body = ''): Socket {
  const { port, hostname, host } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  socket.pause().on('error', () => {})
  const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`
  socket.write(`${head}\r\nHost: ${host}\r\n${length}\r\n${body}`)
  return socket
}

export async function soakUnread(minutes: number): Promise<void> {
  const server = await startServer({ MAX_RUNNING: '4', POOL_SIZE: '4', ENVIRONMENTS: 'python' })
  const id = await endedRun(server)
  const json = 'Content-Type: application/json'
  const form = `Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin`
  const fields = new URLSearchParams({ code: LARGEST_CODE, outputFiles: '*' }).toString()
  const kinds: (() => Socket)[] = [
    ...Array.from({ length: 20 }, () => () => hold(server, `GET /runs/${id} HTTP/1.1`)),
    ...Array.from({ length: 10 }, () => () => hold(server, `GET /runs/${id}/events HTTP/1.1`)),
    () => hold(server, `POST /run HTTP/1.1\r\n${json}`, LARGEST_RUN),
    () => hold(server, `POST /run HTTP/1.1\r\n${json}\r\nAccept: text/event-stream`, LARGEST_RUN),
    () => hold(server, `POST /ui HTTP/1.1\r\n${form}`, fields),
    ...['/docs', '/openapi.json', '/metrics', '/ui'].map(
      (path) => () => hold(server, `GET ${path} HTTP/1.1`),
    ),
  ]
  const watch = new Watch(server)
  const endMs = performance.now() + minutes * 60_000
  const held: Socket[] = []
  let sent = 0
  try {
    while (performance.now() < endMs) {
      const ask = kinds[sent % kinds.length]
      if (ask) held.push(ask())
      sent += 1
      if (held.length > MAX_HELD) held.shift()?.destroy()
      await pause(EVERY_MS)
    }
  } finally {
    await watch.stop()
    for (const socket of held) socket.destroy()
    console.log(`\n${sent} answers that nobody read, in ${minutes} minutes`)
    watch.tell()
    await watch.tellLeft()
  }
}
