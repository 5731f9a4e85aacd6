// What a refused client still sends, over real connections: it gets the answer and not a broken connection.

import { once } from 'node:events'
import { type ClientRequest, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { bodySize } from '../../../src/middleware/body-size.ts'
import { dropUnread } from '../../../src/middleware/unread-body.ts'
import { Refusal } from '../../../src/run/refusal.ts'
import { mounted } from '../support/mounted.ts'

const MIB = 2 ** 20
const PIECE = Buffer.alloc(MIB, 'x')

let server: Server
beforeEach(async () => {
  const app = mounted(
    dropUnread,
    (c, next) => {
      if (c.req.header('Authorization')) throw new Refusal('unauthorized', 'no')
      return next()
    },
    bodySize(2 * MIB),
  )
  server = createAdaptorServer({ fetch: app.fetch }) as Server
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

function open(headers: Record<string, string | number>): ClientRequest {
  const { port } = server.address() as AddressInfo
  return request({ port, host: '127.0.0.1', method: 'POST', headers, agent: false })
}

/** What the client gets for its body of so many MiB: the status, and what becomes of the connection. */
async function post(mebibytes: number, headers: Record<string, string | number>) {
  const client = open(headers)
  for (let sent = 0; sent < mebibytes; sent += 1) client.write(PIECE)
  client.end()
  const [response] = await once(client, 'response')
  response.resume()
  return `${response.statusCode} ${response.headers.connection}`
}

const LENGTH_8 = { 'Content-Length': 8 * MIB, Connection: 'keep-alive' }
const CHUNKED = { 'Transfer-Encoding': 'chunked', Connection: 'keep-alive' }

it.each([
  ['too large, of a declared length', LENGTH_8, '413 keep-alive'],
  ['too large, in pieces', CHUNKED, '413 keep-alive'],
  ['refused for its key', { ...LENGTH_8, Authorization: 'x' }, '401 keep-alive'],
  ['refused for its key, in pieces', { ...CHUNKED, Authorization: 'x' }, '401 keep-alive'],
])(
  'answers each of ten clients whose body of 8 MiB is %s',
  async (_, headers, expected) => {
    const answers = Array.from({ length: 10 }, () => post(8, headers).catch(({ code }) => code))
    expect(new Set(await Promise.all(answers))).toEqual(new Set([expected]))
  },
  30_000,
)

it.each([
  ['declares a length', LENGTH_8],
  ['sends pieces', CHUNKED],
])('answers one that %s and then stays silent, and ends the connection', async (_, headers) => {
  const client = open(headers)
  client.write(PIECE)
  client.write(PIECE)
  client.write(PIECE)
  const [response] = await once(client, 'response', { signal: AbortSignal.timeout(5000) })
  expect([response.statusCode, response.headers.connection]).toEqual([413, 'close'])
  client.destroy()
})

it('answers one that goes on in small pieces within two seconds', async () => {
  const client = open(LENGTH_8)
  const startedAtMs = performance.now()
  const trickle = setInterval(() => client.write('x'), 50)
  const [response] = await once(client, 'response', { signal: AbortSignal.timeout(10_000) })
  clearInterval(trickle)
  expect([response.statusCode, response.headers.connection]).toEqual([413, 'close'])
  expect(performance.now() - startedAtMs).toBeLessThan(5000)
  client.destroy()
})

it('reads not much more than 64 MiB of one that never ends', async () => {
  const client = open(CHUNKED)
  const ended = new Promise<string>((resolve) => {
    client.once('response', ({ statusCode, headers }) =>
      resolve(`${statusCode} ${headers.connection}`),
    )
    // It goes on, finds the connection closed, and may do so before it reads the answer.
    client.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
  })
  let isOver = false
  const flood = () => {
    while (!isOver && client.write(PIECE));
    if (!isOver) client.once('drain', flood)
  }
  flood()
  expect(['413 close', 'EPIPE', 'ECONNRESET']).toContain(await ended)
  isOver = true
  const { bytesWritten } = client.socket ?? { bytesWritten: 0 }
  client.destroy()
  expect(bytesWritten).toBeLessThan(90 * MIB)
})
