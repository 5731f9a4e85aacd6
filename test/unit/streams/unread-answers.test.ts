// Answers that nobody reads: cut off after a time, and when they are too much.

import { once } from 'node:events'
import type { Server, ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { afterEach, expect, it, vi } from 'vitest'
import { SharedBound } from '../../../src/admission/shared-bound.ts'
import type { AppEnv } from '../../../src/middleware/app-env.ts'
import { unreadAnswers } from '../../../src/streams/unread-answers.ts'

vi.setConfig({ testTimeout: 20_000 }) // megabytes on a machine that may be busy

const MEBIBYTE = 2 ** 20
/** More than the system takes for a reader who does not read. */
const LARGE = Buffer.alloc(32 * MEBIBYTE, 'x')

let server: Server
const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server.closeAllConnections()
  server.close()
})

interface Served {
  answer?: Buffer | string
  unread?: SharedBound
  timeoutMs?: number
}

/** Serves one answer to all who ask; the client is called what the path says. */
async function serve({ answer = LARGE, unread, timeoutMs = 60_000 }: Served) {
  const responses: ServerResponse[] = []
  const app = new Hono<AppEnv & { Bindings: HttpBindings }>()
  app.use((c, next) => {
    responses.push(c.env.outgoing as ServerResponse)
    c.set('client', c.req.path)
    return next()
  })
  app.use(unreadAnswers(unread ?? new SharedBound({ max: 64 * MEBIBYTE }), timeoutMs))
  app.get('*', (c) => c.body(new Uint8Array(Buffer.from(answer))))
  server = createAdaptorServer({ fetch: app.fetch }) as Server
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  /** A client that asks and does not read; when its connection is cut off, `closed` resolves. */
  const ask = async (client = 'a') => {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    socket.pause().on('error', () => {})
    const asked = responses.length
    socket.write(`GET /${client} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await expect.poll(() => responses[asked]?.writableEnded).toBe(true)
    const closed = once(responses[asked] as ServerResponse, 'close').then(() => 'cut' as const)
    return { socket, closed }
  }
  return { port, ask }
}

/** Which of these is cut off within a moment. */
const cutOf = (asked: readonly { closed: Promise<'cut'> }[]) =>
  Promise.all(
    asked.map(({ closed }) =>
      Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 300, 'kept'))]),
    ),
  )

it('cuts an answer off that is not read in time', async () => {
  const { ask } = await serve({ timeoutMs: 200 })
  const startMs = performance.now()
  await (await ask()).closed
  expect(performance.now() - startMs).toBeGreaterThan(150)
})

it('cuts the first one off where they are too much, and no other', async () => {
  const { ask } = await serve({ unread: new SharedBound({ max: 70 * MEBIBYTE }) })
  const first = await ask()
  const others = [await ask(), await ask()]
  await first.closed
  expect(await cutOf(others)).toEqual(['kept', 'kept'])
})

it('cuts off what one client has too much of, and nothing of another one', async () => {
  const unread = new SharedBound({ max: 200 * MEBIBYTE, maxOfClient: 70 * MEBIBYTE })
  const { ask } = await serve({ unread })
  const other = await ask('other')
  const greedy = [await ask('greedy'), await ask('greedy'), await ask('greedy')]
  expect(await cutOf([...greedy, other])).toEqual(['cut', 'kept', 'kept', 'kept'])
})

it('lets an answer through that is read, however slowly it begins, and counts it no more', async () => {
  const unread = new SharedBound({ max: 64 * MEBIBYTE })
  const { ask } = await serve({ unread })
  const { socket } = await ask()
  expect(unread.amount).toBeGreaterThan(MEBIBYTE)
  let size = 0
  socket.on('data', (chunk) => {
    size += chunk.length
  })
  await new Promise((resolve) => setTimeout(resolve, 200))
  socket.resume()
  await expect.poll(() => size, { timeout: 10_000 }).toBeGreaterThan(LARGE.length)
  await expect.poll(() => unread.amount).toBe(0)
})

it('counts nothing of a client that has left', async () => {
  const unread = new SharedBound({ max: 64 * MEBIBYTE })
  const { ask } = await serve({ unread })
  const { socket, closed } = await ask()
  socket.destroy()
  await closed
  expect(unread.amount).toBe(0)
})

it('counts no short answers, of which many may be made at the same moment', async () => {
  const { port } = await serve({ answer: 'short', unread: new SharedBound({ max: 0 }) })
  const answers = Array.from({ length: 50 }, () => fetch(`http://127.0.0.1:${port}`))
  const texts = await Promise.all(answers.map(async (answer) => (await answer).text()))
  expect(new Set(texts)).toEqual(new Set(['short']))
})
