// The entry: config -> parts -> app -> server; a signal -> drain -> nothing left behind.

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { pino } from 'pino'
import { createApp } from './app.ts'
import { type Config, parseConfig } from './config.ts'
import { containerSpec, createDockerExecutor } from './executor/create.ts'
import { Guard } from './executor/guard.ts'
import { inspectWalls } from './executor/inspect.ts'
import { helpText } from './help.ts'
import { shutdown } from './shutdown.ts'

/** How long a client may take to send its request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000

async function main(config: Config): Promise<void> {
  const logger = pino({ level: config.LOG_LEVEL })
  const { executor: unguarded, close } = createDockerExecutor(config, logger, (outcome) => {
    const { id, status, exitCode, signal, durationMs, cpuMs, peakMemoryBytes, truncated } = outcome
    logger.info(
      { run: id, status, exitCode, signal, durationMs, cpuMs, peakMemoryBytes, truncated },
      'run ended',
    )
  })
  const spec = containerSpec(config, '')
  const missing = new AbortController()
  const guard = new Guard({
    executor: unguarded,
    inspect: (signal) => inspectWalls(unguarded, spec, signal),
    logger,
    onMissing: () => missing.abort('a wall is missing'),
  })
  const executor = config.SERVE_WITH_MISSING_WALLS ? unguarded : guard
  const peerAddress = (c: Parameters<typeof getConnInfo>[0]) => getConnInfo(c).remote.address ?? ''
  const app = createApp({ config, executor, logger, peerAddress })
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
  }) as Server

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

  if (config.SERVE_WITH_MISSING_WALLS)
    logger.warn('SERVE_WITH_MISSING_WALLS=on: nobody tried the walls')
  else guard.prove().catch((error) => logger.warn({ err: error.cause }, 'the walls are not proven'))
  const drainMs = config.DRAIN_SECONDS * 1000
  await shutdown({ server, close, drainMs, stop: missing.signal, logger })
  if (missing.signal.aborted) {
    throw new Error(
      'This host does not enforce every limit, so the server does not serve. What is missing is in the log above, and\n' +
        '`npm run doctor` tries everything. SERVE_WITH_MISSING_WALLS=on serves all the same.',
    )
  }
}

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(helpText())
} else {
  try {
    await main(parseConfig(process.env))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}
