// Ends with 0 if the worker of this container takes programs. A worker has no port. It reports to Redis each second, once
// the walls of its host were tried and hold, and a report is gone after five seconds. So this also ends with 1 if Redis is
// away: then a worker can do nothing, and a restart would not help.

import { hostname } from 'node:os'
import { Redis } from 'ioredis'

/** Shorter than the timeout of Docker or a kubelet, in milliseconds. */
const TIMEOUT_MS = 4000

const { REDIS_URL, QUEUE_PREFIX } = process.env
const prefix = QUEUE_PREFIX || 'safe-code-executor'
const name = hostname()

// Whatever happens: an answer of "yes" is the only one that counts.
process.exitCode = 1
setTimeout(() => process.exit(), TIMEOUT_MS).unref()

const redis = new Redis(REDIS_URL ?? '', { lazyConnect: true, retryStrategy: null })
redis.on('error', (error) => process.stderr.write(`${error.message || error.code}\n`))
try {
  if (!REDIS_URL) throw new Error('REDIS_URL is not set')
  await redis.connect()
  const ids = await redis.zrange(`${prefix}:workers`, 0, -1)
  const reports = ids.length > 0 ? await redis.mget(ids.map((id) => `${prefix}:worker:${id}`)) : []
  const isThere = reports.some((report) => report !== null && JSON.parse(report).name === name)
  process.exitCode = isThere ? 0 : 1
} catch (error) {
  process.stderr.write(`${error.message}\n`)
} finally {
  redis.disconnect()
}
