// A network that can be cut: connections to a port go through it until it is.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Network {
  port: number
  /** Nothing goes through any more: what is open stays silent, what is new is not answered. */
  cut: () => void
  /** What is open stays silent for ever, and nobody is told; what is new goes through. */
  forget: () => void
  /** Connections that were cut are closed, new ones go through. */
  mend: () => void
  close: () => void
}

export async function network(targetPort: number): Promise<Network> {
  const sockets = new Set<Socket>()
  let isCut = false
  let forgotten = 0
  let opened = 0
  const server = createServer((client) => {
    sockets.add(client.on('error', () => {}))
    if (isCut) return
    opened += 1
    const number = opened
    const isSilent = () => isCut || number <= forgotten
    const target = connect(targetPort, '127.0.0.1')
    sockets.add(target.on('error', () => {}))
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      from.on('data', (chunk) => {
        if (!isSilent()) to.write(chunk)
      })
      from.on('close', () => {
        sockets.delete(from)
        if (!isSilent()) to.destroy()
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
    forget: () => {
      forgotten = opened
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
