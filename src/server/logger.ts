// The log: readable lines on a terminal, one JSON object per line elsewhere.

import { type Logger, pino } from 'pino'
import type { Config } from '../config/config.ts'

/** Settings that are secret, or contain a secret. */
const SECRETS = ['API_KEYS', 'RUN_LOG_SALT'] as const
const URLS = ['REDIS_URL', 'DATABASE_URL'] as const
const MASK = '***'

export async function createLogger({ LOG_LEVEL }: Config): Promise<Logger> {
  if (!process.stdout.isTTY) return pino({ level: LOG_LEVEL }, standardOutput())
  const { default: pretty } = await import('pino-pretty')
  const form = { ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' }
  return pino({ level: LOG_LEVEL }, pretty({ ...form, destination: standardOutput() }))
}

/** Maximum number of bytes that wait to be written, if the disk is full or a pipe is not read. */
const MAX_WAITING_BYTES = 1024 * 1024

/** Each line is written at once. A line that can't be written is lost, without an error and without waiting. */
function standardOutput() {
  const output = pino.destination({ dest: 1, sync: true, maxLength: MAX_WAITING_BYTES })
  output.on('error', () => {})
  // pino calls it after a line of level fatal, and it would retry forever if the disk is full.
  output.flushSync = () => {}
  return output
}

/** The whole configuration as the log may have it. */
export function maskedConfig(config: Config): Record<string, unknown> {
  const masked: Record<string, unknown> = { ...config }
  for (const name of SECRETS) masked[name] = config[name].length > 0 ? MASK : ''
  for (const name of URLS) masked[name] = withoutPassword(config[name])
  return masked
}

/** A password may be in the query, too. */
function withoutPassword(text: string | false): string | false {
  if (!text || text.startsWith('file:') || !URL.canParse(text)) return text
  const url = new URL(text)
  if (url.password) url.password = MASK
  if (url.search) url.search = MASK
  return url.href
}
