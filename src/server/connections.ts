// Bounds the connections that clients hold: a newcomer is let in, and the client that has most loses one.

import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { SharedBound } from '../admission/shared-bound.ts'
import { clientKey } from '../keys/client-address.ts'

/** How many clients may hold at once. Each is an open file; `LimitNOFILE` in deploy/ has room for them and the containers' pipes. */
export const MAX_CONNECTIONS = 4096

export interface ConnectionsOptions {
  /** How many there may be at once. */
  max?: number
  /** Whether an address is that of a proxy, which has many clients' connections. */
  isProxy: (address: string) => boolean
}

/**
 * If there are too many, the oldest connection of the address that has most is closed; each connection of a proxy counts as one of
 * another client. To close the newest would let one client keep all others out.
 */
export function boundConnections(
  server: Server,
  { max = MAX_CONNECTIONS, isProxy }: ConnectionsOptions,
): void {
  const bound = new SharedBound({ max })
  let proxied = 0
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    proxied += 1
    const client = isProxy(address) ? `proxy ${proxied}` : clientKey(address)
    socket.once(
      'close',
      bound.add(client, 1, () => socket.destroy()),
    )
  })
}
