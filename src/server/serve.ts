// The server: config -> parts -> app -> listening; a signal -> drain -> nothing left behind.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { getConnInfo } from '@hono/node-server/conninfo'
import ipaddr from 'ipaddr.js'
import type { Config } from '../config/config.ts'
import { proxyTrust } from '../keys/client-address.ts'
import { readKeyFile, watchKeyFile } from '../keys/key-file.ts'
import { KeyRing, plainKeys } from '../keys/key-ring.ts'
import { Metrics } from '../metrics/metrics.ts'
import { Drain } from '../middleware/drain.ts'
import { MemoryRateLimiter } from '../rate-limiter/rate-limiter.ts'
import { openRunLog } from '../run-log/open.ts'
import { createApp } from './app.ts'
import { boundConnections } from './connections.ts'
import { createHttpServer } from './http-server.ts'
import { warnOfSmallCgroup } from './own-memory.ts'
import { Fault, MISSING_WALL, type ProcessFrame, runProcess } from './process-frame.ts'
import { createRunParts } from './run-parts.ts'
import { shutdown } from './shutdown.ts'

/** How long the last records may take to be written, in milliseconds. */
const LAST_RECORDS_MS = 5000

/**
 * Serves until a signal comes.
 * @throws {Error} when it can't listen, or must not because a wall or a key is missing.
 */
export async function serve(config: Config): Promise<void> {
  const ring = await readKeys(config)
  refuseStrangers(config, ring)
  await runProcess(config, (frame) => serveWith(config, ring, frame))
}

async function serveWith(
  config: Config,
  ring: KeyRing,
  { logger, fault, end, onClose }: ProcessFrame,
): Promise<void> {
  if (!ring.isRequired && !isLoopback(config.HOST) && config.ALLOWED_HOSTS.length === 0) {
    logger.warn(WITHOUT_NAMES)
  }
  warnOfSmallCgroup(config, logger)
  if (config.API_KEYS_FILE) onClose(watchKeyFile(config.API_KEYS_FILE, ring, logger))

  const metrics = new Metrics({ environments: config.environments.map(({ name }) => name) })
  const { REDIS_URL, QUEUE_PREFIX, DATABASE_URL: url } = config
  const shared = REDIS_URL ? await import('../rate-limiter/redis-rate-limiter.ts') : undefined
  const limiter = shared && new shared.RedisRateLimiter(REDIS_URL, logger, QUEUE_PREFIX)
  onClose(() => limiter?.close())
  const runLog = url ? openRunLog(url, config, logger) : undefined
  onClose(() => runLog?.close(LAST_RECORDS_MS))
  const parts = await createRunParts(config, logger, {
    metrics,
    runLog,
    onMissing: () => end(new Fault(MISSING_WALL)),
  })
  onClose(parts.close)
  metrics.watch({
    ...parts.sources,
    runLog: runLog && (() => runLog.counts),
    isRateShared: limiter && (() => limiter.isShared),
  })
  ring.onNewLimits = (keys) => {
    parts.app.asyncRuns.setLimits(keys).catch((error) => {
      logger.warn({ err: error }, 'a key’s new maxConcurrent takes effect with its next request')
    })
  }
  ring.onNewLimits(ring.all) // queued runs may have the limits of an earlier server
  const drain = new Drain()
  const app = createApp({
    ...parts.app,
    config,
    ring,
    metrics,
    runLog,
    drain,
    logger,
    peerAddress: (c) => getConnInfo(c).remote.address ?? '',
    limiter: limiter ?? new MemoryRateLimiter(),
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
  boundConnections(server, { isProxy: proxyTrust(config.TRUST_PROXY) })
  server.listen(config.PORT, config.HOST)
  // Some runtimes throw, others emit an error: both end the wait.
  await once(server, 'listening', { signal: fault }).catch((error) => {
    throw fault.aborted ? fault.reason : error
  })
  const { address, port, family } = server.address() as AddressInfo
  const host = family === 'IPv6' ? `[${address}]` : address
  logger.info({ url: `http://${host}:${port}` }, `listening; the page is http://${host}:${port}/ui`)

  parts.prove().catch((error) => logger.warn({ err: error.cause }, 'the walls are not proven'))
  await shutdown({
    server,
    drain,
    stop: fault,
    logger,
    onDrain: parts.onDrain,
    isIdle: parts.isIdle,
    noticeMs: config.DRAIN_NOTICE_SECONDS * 1000,
    drainMs: config.DRAIN_SECONDS * 1000,
  })
}

async function readKeys({ API_KEYS, API_KEYS_FILE }: Config): Promise<KeyRing> {
  const ring = new KeyRing({
    isRequired: API_KEYS_FILE !== '' || API_KEYS.length > 0,
    fixed: plainKeys(API_KEYS),
  })
  if (API_KEYS_FILE) ring.replace(await readKeyFile(API_KEYS_FILE))
  return ring
}

/** @throws {Error} if anyone who can connect could run programs. */
function refuseStrangers({ HOST, SERVE_WITHOUT_KEYS }: Config, ring: KeyRing): void {
  if (ring.isRequired || SERVE_WITHOUT_KEYS || isLoopback(HOST)) return
  throw new Error(
    `HOST=${HOST} is not loopback, and there are no API keys: anyone who can connect could run programs. Create a key:\n` +
      '  npx safe-code-executor key new NAME --file keys.json\n' +
      'and start with API_KEYS_FILE=keys.json. SERVE_WITHOUT_KEYS=on serves without keys.',
  )
}

const WITHOUT_NAMES =
  'there are no API keys, so the server answers only to IP addresses, localhost and names without a dot; for a name such as run.example.org set ALLOWED_HOSTS=run.example.org'

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback'
}
