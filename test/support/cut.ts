// A network that can be cut: connections to a port go through it until it is.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Network {
  port: number
  /** Nothing goes through any more: what is open stays silent, what is new is not answered. */
  cut: () => void
  /** Connections that were cut are closed, new ones go through. */
  mend: () => void
  close: () => void
}

export async function network(targetPort: number): Promise<Network> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    sockets.add(client.on('error', () => {}))
    if (isCut) return
    const target = connect(targetPort, '127.0.0.1')
    sockets.add(target.on('error', () => {}))
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      from.on('data', (chunk) => {
        if (!isCut) to.write(chunk)
      })
      from.on('close', () => {
        sockets.delete(from)
        if (!isCut) to.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const drop = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      isCut = true
    },
    mend: () => {
      isCut = false
      drop()
    },
    close: () => {
      drop()
      server.close()
    },
  }
}
