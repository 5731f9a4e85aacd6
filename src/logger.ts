// The log: one JSON object a line, or lines for people on a terminal.

import { type Logger, pino } from 'pino'
import type { Config } from './config.ts'

/** Settings that tell a secret, or have one in them. */
const SECRETS = ['API_KEYS', 'RUN_LOG_SALT'] as const
const URLS = ['REDIS_URL', 'DATABASE_URL'] as const
const MASK = '***'

export async function createLogger({ LOG_LEVEL, LOG_FORMAT }: Config): Promise<Logger> {
  const isPretty = LOG_FORMAT === 'pretty' || (LOG_FORMAT === 'auto' && process.stdout.isTTY)
  if (!isPretty) return pino({ level: LOG_LEVEL })
  const { default: pretty } = await import('pino-pretty')
  const ignore = 'pid,hostname'
  return pino({ level: LOG_LEVEL }, pretty({ ignore, translateTime: 'SYS:HH:MM:ss.l', sync: true }))
}

/** The whole configuration as the log may have it. */
export function maskedConfig(config: Config): Record<string, unknown> {
  const masked: Record<string, unknown> = { ...config }
  for (const name of SECRETS) masked[name] = config[name].length > 0 ? MASK : ''
  for (const name of URLS) masked[name] = withoutPassword(config[name])
  return masked
}

/** A password may be in the query, too. */
function withoutPassword(text: string): string {
  if (text.startsWith('file:') || !URL.canParse(text)) return text
  const url = new URL(text)
  if (url.password) url.password = MASK
  if (url.search) url.search = MASK
  return url.href
}
