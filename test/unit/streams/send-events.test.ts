// Streams that fail in the middle: their client sees it, and nobody writes to the standard streams.

import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { Hono } from 'hono'
import { afterEach, expect, it, vi } from 'vitest'
import { createHttpServer } from '../../../src/server/http-server.ts'
import { sendEvents } from '../../../src/streams/send-events.ts'

let server: Server
afterEach(() => {
  vi.restoreAllMocks()
  server.closeAllConnections()
  server.close()
})

/** Connects, and asks for a stream. */
async function ask(stream: ReadableStream<Uint8Array>) {
  const app = new Hono().get('/', (c) => sendEvents(c, stream))
  server = createHttpServer({ fetch: app.fetch, onRefused: () => {} })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  return socket
}

/** What anything writes to the console. */
function written() {
  const calls: unknown[] = []
  for (const name of ['log', 'info', 'warn', 'error'] as const) {
    vi.spyOn(console, name).mockImplementation((...args) => calls.push(args))
  }
  return calls
}

it('breaks off where a stream fails that is being read', async () => {
  const calls = written()
  let fail = (_: Error) => {}
  const socket = await ask(
    new ReadableStream<Uint8Array>({
      start: (controller) => {
        fail = (error) => controller.error(error)
        controller.enqueue(Buffer.from('event: stdout\n\n'))
      },
    }),
  )
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  const closed = once(socket, 'close')
  await vi.waitFor(() => expect(answer).toContain('event: stdout'))
  fail(new Error('a fault of a test'))
  await closed
  expect(answer).not.toContain('fault')
  expect(answer.endsWith('0\r\n\r\n')).toBe(false) // its end would look like a whole answer
  expect(calls).toEqual([])
})

it('breaks off where a stream fails whose client reads nothing', async () => {
  const calls = written()
  let fail = (_: Error) => {}
  let isFull = () => {}
  const full = new Promise<void>((resolve) => {
    isFull = resolve
  })
  let pulledAtMs = performance.now()
  const socket = await ask(
    new ReadableStream<Uint8Array>({
      start: (controller) => {
        fail = (error) => controller.error(error)
      },
      pull: (controller) => {
        pulledAtMs = performance.now()
        controller.enqueue(Buffer.alloc(65_536, 'x'))
      },
    }),
  )
  socket.pause()
  const look = setInterval(() => {
    if (performance.now() - pulledAtMs > 500) isFull()
  }, 50)
  await full
  clearInterval(look)
  fail(new Error('a fault of a test'))
  const closed = once(socket, 'close')
  socket.resume()
  await closed
  expect(calls).toEqual([])
})

it('ends a stream that ends', async () => {
  const calls = written()
  const stream = new Response('event: result\n\n').body as ReadableStream<Uint8Array>
  const socket = await ask(stream)
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  await vi.waitFor(() => expect(answer).toMatch(/event: result\n\n\r\n0\r\n\r\n$/))
  socket.destroy()
  expect(calls).toEqual([])
})

it('stops a stream whose client left', async () => {
  const calls = written()
  let stopped = () => {}
  const stop = new Promise<void>((resolve) => {
    stopped = resolve
  })
  const socket = await ask(
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from(': started\n\n')),
      pull: () => new Promise(() => {}),
      cancel: () => stopped(),
    }),
  )
  await once(socket, 'data')
  socket.destroy()
  await stop
  expect(calls).toEqual([])
})
