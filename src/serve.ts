// The server: config -> parts -> app -> listening; a signal -> drain -> nothing left behind.

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { pino } from 'pino'
import { createApp } from './app.ts'
import type { Config } from './config.ts'
import { createGuardedExecutor } from './executor/create.ts'
import { shutdown } from './shutdown.ts'
import { boundUnreadAnswers, maxUnread, READ_TIMEOUT_MS } from './unread-answers.ts'

/** How long a client may take to send its request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000

/**
 * Serves until a signal comes.
 * @throws {Error} when it can't listen, or must not because a wall is missing.
 */
export async function serve(config: Config): Promise<void> {
  const logger = pino({ level: config.LOG_LEVEL })
  const missing = new AbortController()
  const { executor, prove, close } = createGuardedExecutor(config, logger, {
    onRun: ({ id, status, exitCode, signal, durationMs, cpuMs, peakMemoryBytes, truncated }) => {
      logger.info(
        { run: id, status, exitCode, signal, durationMs, cpuMs, peakMemoryBytes, truncated },
        'run ended',
      )
    },
    onMissing: () => missing.abort('a wall is missing'),
  })
  const peerAddress = (c: Parameters<typeof getConnInfo>[0]) => getConnInfo(c).remote.address ?? ''
  const app = createApp({ config, executor, logger, peerAddress })
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
  }) as Server

  boundUnreadAnswers(server, {
    timeoutMs: READ_TIMEOUT_MS,
    maxAnswers: maxUnread(config),
  })
  server.listen(config.PORT, config.HOST)
  try {
    await once(server, 'listening')
  } catch (error) {
    await close()
    throw error
  }
  const { address, port, family } = server.address() as AddressInfo
  const host = family === 'IPv6' ? `[${address}]` : address
  logger.info({ url: `http://${host}:${port}` }, `listening; the page is http://${host}:${port}/ui`)

  prove().catch((error) => logger.warn({ err: error.cause }, 'the walls are not proven'))
  const drainMs = config.DRAIN_SECONDS * 1000
  await shutdown({ server, close, drainMs, stop: missing.signal, logger })
  if (missing.signal.aborted) {
    throw new Error(
      'This host does not enforce every limit, so the server does not serve. What is missing is in the log above, and\n' +
        '`npm run doctor` tries everything. SERVE_WITH_MISSING_WALLS=on serves all the same.',
    )
  }
}
