// One log line a request: what came, what went, how long it took. Never a body.

import type { MiddlewareHandler } from 'hono'
import type { Logger } from 'pino'

export interface AccessLogOptions {
  logger: Logger
}

export function accessLog({ logger }: AccessLogOptions): MiddlewareHandler {
  return async function accessLog(c, next) {
    const startedAtMs = performance.now()
    try {
      await next()
    } finally {
      const durationMs = Math.round(performance.now() - startedAtMs)
      const { method, path } = c.req
      logger.info(
        { requestId: c.get('requestId'), method, path, status: c.res.status, durationMs },
        'request',
      )
    }
  }
}
