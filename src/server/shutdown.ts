// SIGTERM or Ctrl-C: clients are told, the running runs end, no container stays.

import type { Server } from 'node:http'
import type { Logger } from 'pino'
import type { Drain } from '../middleware/drain.ts'
import { pause } from '../waits/pause.ts'
import { settlesWithin } from '../waits/settles-within.ts'

/** How often a draining server looks whether all is done, in milliseconds. */
const LOOK_MS = 50
/** How long answers that are made may take to be sent, in milliseconds. */
const SEND_MS = 2000

export interface ShutdownOptions {
  server: Server
  drain: Drain
  /** Called when no more runs are taken. */
  onDrain: () => void
  /** Whether no run goes on or waits. */
  isIdle: () => boolean
  /** How long the server serves as before while it says that it will end, in milliseconds. */
  noticeMs: number
  /** How long running requests may go on, in milliseconds. */
  drainMs: number
  /** Ends the server at once. */
  stop: AbortSignal
  logger: Logger
}

/**
 * Resolves when a signal came and all connections are closed. A second signal ends the drain at once, a third one the
 * process: its containers end by themselves then.
 */
export async function shutdown(options: ShutdownOptions): Promise<void> {
  const { server, drain, onDrain, isIdle, noticeMs, drainMs, stop, logger } = options
  const hurry = new AbortController()
  const signal = await Promise.race([nextSignal(), aborted(stop)])
  void Promise.race([nextSignal(), aborted(stop)]).then(() => {
    hurry.abort()
    void nextSignal().then(() => process.exit(1))
  })
  if (!stop.aborted) {
    logger.info({ signal, noticeMs, drainMs }, 'draining; a second signal stops the server at once')
    drain.giveNotice()
    await pause(noticeMs, hurry.signal)
    drain.refuseRuns()
    onDrain()
    // The server keeps listening: a client is told that it shuts down, and does not find a closed port.
    const deadlineMs = performance.now() + drainMs
    while (!isIdle() && performance.now() < deadlineMs && !hurry.signal.aborted) {
      await pause(LOOK_MS, hurry.signal)
    }
    await close(server, isIdle() ? SEND_MS : 0, hurry.signal)
  }
  server.closeAllConnections()
}

/** Lets answers that are on their way be sent. */
async function close(server: Server, ms: number, hurry: AbortSignal): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // A connection that a client keeps alive would hold the server open.
  const idleSweep = setInterval(() => server.closeIdleConnections(), LOOK_MS)
  await settlesWithin(Promise.race([closed, aborted(hurry)]), ms)
  clearInterval(idleSweep)
}

/** Resolves with the reason. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason)
    else signal.addEventListener('abort', () => resolve(signal.reason), { once: true })
  })
}

/** Resolves with the next signal that asks this process to end. */
export function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    const onSignal = (signal: NodeJS.Signals) => {
      for (const name of signals) process.off(name, onSignal)
      resolve(signal)
    }
    for (const name of signals) process.on(name, onSignal)
  })
}
