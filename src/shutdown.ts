// SIGTERM or Ctrl-C: no new requests, the running ones end, no container stays.

import type { Server } from 'node:http'
import type { Logger } from 'pino'

/** How often a draining server closes connections without a request, in milliseconds. */
const IDLE_SWEEP_MS = 50

export interface ShutdownOptions {
  server: Server
  /** Ends all runs and waits until every container is gone. */
  close: () => Promise<void>
  /** How long running requests may go on, in milliseconds. */
  drainMs: number
  /** Ends the server like a signal would. */
  stop: AbortSignal
  logger: Logger
}

/** Resolves when a signal came and everything has ended. A second signal ends the drain at once. */
export async function shutdown(options: ShutdownOptions): Promise<void> {
  const { server, close, drainMs, stop, logger } = options
  const signal = await Promise.race([nextSignal(), aborted(stop)])
  logger.info({ signal, drainMs }, 'draining; a second signal ends it at once')
  const drained = new Promise<void>((resolve) => server.close(() => resolve()))
  // A connection that a client keeps alive would hold the server open.
  const idleSweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS)
  let timer: NodeJS.Timeout | undefined
  const bound = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, drainMs)
  })
  await Promise.race([drained, bound, nextSignal()])
  clearTimeout(timer)
  clearInterval(idleSweep)
  server.closeAllConnections()
  await close()
  logger.info('ended')
}

/** Resolves with the reason. */
function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason)
    else signal.addEventListener('abort', () => resolve(signal.reason), { once: true })
  })
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    const onSignal = (signal: NodeJS.Signals) => {
      for (const name of signals) process.off(name, onSignal)
      resolve(signal)
    }
    for (const name of signals) process.on(name, onSignal)
  })
}
