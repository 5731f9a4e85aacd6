// Answers that nobody reads: cut off after a time, and when they are too many.

import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { boundUnreadAnswers } from '../../src/unread-answers.ts'

/** More than the system takes for a reader who does not read. */
const LARGE = Buffer.alloc(32 * 1024 * 1024, 'x')

let server: Server
let sockets: Socket[]
beforeEach(() => {
  sockets = []
  server = createServer((_, response) => response.end(LARGE))
})
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  server.closeAllConnections()
  server.close()
})

async function listen(): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

/** A client that asks and does not read; when its connection is cut off, `closed` resolves. */
async function ask() {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  sockets.push(socket)
  const answered = once(server, 'request')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const [, response] = await answered
  socket.pause().on('error', () => {})
  return { socket, closed: once(response, 'close') }
}

it('cuts an answer off that is not read in time', async () => {
  boundUnreadAnswers(server, { timeoutMs: 200, maxAnswers: 10 })
  await listen()
  const startMs = performance.now()
  await (await ask()).closed
  expect(performance.now() - startMs).toBeGreaterThan(150)
})

it('cuts the first one off where there are too many, and no other', async () => {
  boundUnreadAnswers(server, { timeoutMs: 60_000, maxAnswers: 2 })
  await listen()
  const first = await ask()
  const others = [await ask(), await ask()]
  await first.closed
  const cut = await Promise.race([
    ...others.map(({ closed }) => closed.then(() => 'cut')),
    new Promise((resolve) => setTimeout(resolve, 300, 'none')),
  ])
  expect(cut).toBe('none')
})

it('lets an answer through that is read, however slowly it begins', async () => {
  boundUnreadAnswers(server, { timeoutMs: 60_000, maxAnswers: 2 })
  await listen()
  const { socket } = await ask()
  let size = 0
  socket.on('data', (chunk) => {
    size += chunk.length
  })
  await new Promise((resolve) => setTimeout(resolve, 200))
  socket.resume()
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (size < LARGE.length) return
      clearInterval(timer)
      resolve()
    }, 20)
  })
  expect(size).toBeGreaterThan(LARGE.length)
})

it('waits for nobody who left before the answer was written', async () => {
  server = createServer((_, response) => {
    response.on('close', () => response.end('late'))
  })
  let cut = 0
  boundUnreadAnswers(server, { timeoutMs: 100, maxAnswers: 0 })
  await listen()
  server.on('request', (_, response) => {
    response.destroy = () => {
      cut += 1
      return response
    }
  })
  const { socket, closed } = await ask()
  socket.destroy()
  await closed
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(cut).toBe(0)
})

it('counts no short answers, of which many may be made at the same moment', async () => {
  const responses: ServerResponse[] = []
  server = createServer((_, response) => {
    if (responses.push(response) === 50) for (const each of responses) each.end('short')
  })
  boundUnreadAnswers(server, { timeoutMs: 60_000, maxAnswers: 0 })
  await listen()
  const { port } = server.address() as AddressInfo
  const answers = Array.from({ length: 50 }, () => fetch(`http://127.0.0.1:${port}`))
  const texts = await Promise.all(answers.map(async (answer) => (await answer).text()))
  expect(new Set(texts)).toEqual(new Set(['short']))
})
