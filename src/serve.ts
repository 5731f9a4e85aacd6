// The server: config -> parts -> app -> listening; a signal -> drain -> nothing left behind.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { getConnInfo } from '@hono/node-server/conninfo'
import ipaddr from 'ipaddr.js'
import type { Logger } from 'pino'
import { createApp } from './app.ts'
import type { Config } from './config.ts'
import { boundConnections } from './connections.ts'
import { Drain } from './drain.ts'
import { createHttpServer } from './http-server.ts'
import { readKeyFile, watchKeyFile } from './keys/key-file.ts'
import { KeyRing, plainKeys } from './keys/key-ring.ts'
import { createLogger, maskedConfig } from './logger.ts'
import { Metrics } from './metrics.ts'
import { proxyTrust } from './middleware/client-address.ts'
import { MemoryRateLimiter } from './rate-limiter/rate-limiter.ts'
import { openRunLog } from './run-log/open.ts'
import { createRunParts } from './run-parts.ts'
import { shutdown } from './shutdown.ts'

/** How long the last records may take to be written, in milliseconds. */
const LAST_RECORDS_MS = 5000

/**
 * Serves until a signal comes.
 * @throws {Error} when it can't listen, or must not because a wall or a key is missing.
 */
export async function serve(config: Config): Promise<void> {
  const logger = await createLogger(config)
  const ring = await readKeys(config)
  refuseStrangers(config, ring)
  logger.info({ config: maskedConfig(config) }, 'starting')
  if (isWithoutNames(config, ring)) logger.warn(WITHOUT_NAMES)

  const closers: (() => unknown)[] = []
  try {
    await serveWith(config, logger, ring, (closer) => closers.push(closer))
  } finally {
    for (const close of closers.reverse()) await close()
    logger.info('ended')
  }
}

async function serveWith(
  config: Config,
  logger: Logger,
  ring: KeyRing,
  onClose: (closer: () => unknown) => void,
): Promise<void> {
  const stop = new AbortController()
  const end = (error: Error) => stop.abort(error)
  onClose(endOnCrash(logger, end))
  if (config.API_KEYS_FILE) onClose(watchKeyFile(config.API_KEYS_FILE, ring, logger))

  const metrics = new Metrics({ environments: config.ENVIRONMENTS })
  const limiter = config.REDIS_URL ? await redisLimiter(config, logger) : undefined
  onClose(() => limiter?.close())
  const runLog = config.RUN_LOG ? await openRunLog(config, logger) : undefined
  onClose(() => runLog?.close(LAST_RECORDS_MS))
  const parts = await createRunParts(config, logger, {
    ...{ metrics, runLog, onMissing: () => end(new Error(MISSING_WALL)) },
  })
  const { watched, asyncRuns, prove, onDrain, isIdle } = parts
  onClose(parts.close)
  metrics.watch({
    ...{ executor: parts.state, asyncRuns: parts.asyncState, queue: parts.queueState },
    ...{ webhooks: parts.webhookCounts, runLog: runLog && (() => runLog.counts) },
    isRateShared: limiter && (() => limiter.isShared),
  })
  const drain = new Drain()
  const peerAddress = (c: Parameters<typeof getConnInfo>[0]) => getConnInfo(c).remote.address ?? ''
  const app = createApp({
    ...{ config, watched, asyncRuns, ring, metrics, runLog, drain, logger, peerAddress },
    ...{ board: parts.board, limiter: limiter ?? new MemoryRateLimiter() },
  })
  const server = createHttpServer({
    fetch: app.fetch,
    onRefused: ({ requestId, status, refusal, reason }) => {
      metrics.onRefusal(refusal.code)
      metrics.onRequest({ method: '', route: '/*', status })
      const fields = { requestId, status, reason }
      if (status < 500) logger.info(fields, 'request')
      else logger.error({ ...fields, err: refusal.cause }, refusal.message)
    },
  })
  boundConnections(server, {
    max: config.MAX_CONNECTIONS,
    isProxy: proxyTrust(config.TRUST_PROXY),
  })
  server.listen(config.PORT, config.HOST)
  // Some runtimes throw where others tell of an error: that ends the wait as well.
  await once(server, 'listening', { signal: stop.signal }).catch((error) => {
    throw stop.signal.aborted ? stop.signal.reason : error
  })
  const { address, port, family } = server.address() as AddressInfo
  const host = family === 'IPv6' ? `[${address}]` : address
  logger.info({ url: `http://${host}:${port}` }, `listening; the page is http://${host}:${port}/ui`)

  prove().catch((error) => logger.warn({ err: error.cause }, 'the walls are not proven'))
  await shutdown({
    ...{ server, drain, stop: stop.signal, logger },
    ...{ onDrain, isIdle },
    noticeMs: config.DRAIN_NOTICE_SECONDS * 1000,
    drainMs: config.DRAIN_SECONDS * 1000,
  })
  if (stop.signal.aborted) throw stop.signal.reason
}

/** What is said where a wall is missing. */
export const MISSING_WALL =
  'This host does not enforce every limit, so the server does not serve. What is missing is in the log above, and\n' +
  '`npm run doctor` tries everything. SERVE_WITH_MISSING_WALLS=on serves all the same.'

async function readKeys({ API_KEYS, API_KEYS_FILE }: Config): Promise<KeyRing> {
  const ring = new KeyRing({
    isRequired: API_KEYS_FILE !== '' || API_KEYS.length > 0,
    fixed: plainKeys(API_KEYS),
  })
  if (API_KEYS_FILE) ring.replace(await readKeyFile(API_KEYS_FILE))
  return ring
}

/** @throws {Error} where everybody could run programs without having been let in. */
function refuseStrangers({ HOST, SERVE_WITHOUT_KEYS }: Config, ring: KeyRing): void {
  if (ring.isRequired || SERVE_WITHOUT_KEYS || isLoopback(HOST)) return
  throw new Error(
    `HOST=${HOST} is not loopback, and there are no keys: whoever reaches it could run programs. Make a key:\n` +
      '  npx safe-code-executor key new NAME --file keys.json\n' +
      'and start with API_KEYS_FILE=keys.json. SERVE_WITHOUT_KEYS=on serves everybody all the same.',
  )
}

/** Whether strangers are served, at addresses alone. */
function isWithoutNames({ HOST, ALLOWED_HOSTS }: Config, ring: KeyRing): boolean {
  return !ring.isRequired && !isLoopback(HOST) && ALLOWED_HOSTS.length === 0
}

const WITHOUT_NAMES =
  'there are no keys, so only IP addresses, localhost and names without a dot are answered to; a name such as run.example.org needs ALLOWED_HOSTS=run.example.org'

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback'
}

async function redisLimiter({ REDIS_URL, QUEUE_PREFIX }: Config, logger: Logger) {
  const { RedisRateLimiter } = await import('./rate-limiter/redis-rate-limiter.ts')
  return new RedisRateLimiter(REDIS_URL, logger, QUEUE_PREFIX)
}

/** A bug that nobody caught must not leave containers behind. Returns what takes the listeners away. */
function endOnCrash(logger: Logger, end: (error: Error) => void): () => void {
  const onCrash = (error: unknown) => {
    logger.fatal({ err: error }, 'a bug: nobody caught this; the server ends')
    end(new Error('The server ended because of a bug; the log has it.', { cause: error }))
  }
  process.on('uncaughtException', onCrash)
  process.on('unhandledRejection', onCrash)
  return () => {
    process.off('uncaughtException', onCrash)
    process.off('unhandledRejection', onCrash)
  }
}
