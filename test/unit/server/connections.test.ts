// Connections of clients: as many as there may be, and none is kept out by another one's.

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { boundConnections } from '../../../src/server/connections.ts'

let server: Server
const sockets: Socket[] = []
beforeEach(async () => {
  server = createServer((_, response) => response.end('served'))
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server.close()
})

async function listen(max: number, proxy = ''): Promise<void> {
  boundConnections(server, { max, isProxy: (address) => address === proxy })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

/** A connection from an address of loopback, when the server has it. */
async function open(from: string): Promise<Socket> {
  const { port } = server.address() as AddressInfo
  const accepted = once(server, 'connection')
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  sockets.push(socket.on('error', () => {}))
  await accepted
  return socket
}

const moment = () => new Promise((resolve) => setTimeout(resolve, 100))
const openOnes = (those: readonly Socket[]) => those.map((socket) => !socket.closed)

it('are all there up to the bound', async () => {
  await listen(3)
  const all = [await open('127.0.0.2'), await open('127.0.0.2'), await open('127.0.0.2')]
  await moment()
  expect(openOnes(all)).toEqual([true, true, true])
})

it('of one address push out its own oldest', async () => {
  await listen(2)
  const all = [await open('127.0.0.2'), await open('127.0.0.2'), await open('127.0.0.2')]
  await moment()
  expect(openOnes(all)).toEqual([false, true, true])
})

it('of another address push out one of who has most', async () => {
  await listen(3)
  const many = [await open('127.0.0.2'), await open('127.0.0.2'), await open('127.0.0.2')]
  const one = await open('127.0.0.3')
  await moment()
  expect(openOnes([...many, one])).toEqual([false, true, true, true])
  one.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const [answer] = await once(one, 'data')
  expect(String(answer)).toContain('served')
})

it('of a proxy count as those of many clients', async () => {
  await listen(4, '127.0.0.9')
  const proxy = [await open('127.0.0.9'), await open('127.0.0.9')]
  const many = [await open('127.0.0.2'), await open('127.0.0.2'), await open('127.0.0.2')]
  await moment()
  expect(openOnes([...proxy, ...many])).toEqual([true, true, false, true, true])
})

it('that are closed make room', async () => {
  await listen(2)
  const first = await open('127.0.0.2')
  first.destroy()
  await moment()
  const all = [await open('127.0.0.2'), await open('127.0.0.2')]
  await moment()
  expect(openOnes(all)).toEqual([true, true])
})
