// One log line per request: the request, its answer, the duration. Never a body, never a key.

import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Logger } from 'pino'
import type { RunRecord } from '../run/record.ts'
import type { AppEnv } from './app-env.ts'

export interface AccessLogOptions {
  logger: Logger
  /** Called for each request when its line is written. */
  onRequest?: (request: { method: string; route: string; status: number }) => void
}

export function accessLog({ logger, onRequest }: AccessLogOptions): MiddlewareHandler<AppEnv> {
  return async function accessLog(c, next) {
    const startedAtMs = performance.now()
    let run: object = {}
    let isHeld = false
    const write = () => {
      const { method, path } = c.req
      const { status } = c.res
      const route = routePath(c, -1)
      const durationMs = Math.round(performance.now() - startedAtMs)
      const key = c.get('key')?.name
      const requestId = c.get('requestId')
      logger.info({ requestId, key, method, path, route, status, durationMs, ...run }, 'request')
      onRequest?.({ method, route, status })
    }
    c.set('logLine', {
      add: (record) => {
        run = runFields(record)
      },
      hold: () => {
        isHeld = true
        return write
      },
    })
    try {
      await next()
    } finally {
      if (!isHeld) write()
    }
  }
}

function runFields({ outcome, request, waitMs, startMs }: RunRecord): object {
  const { id, status, exitCode, signal, truncated, durationMs, cpuMs, peakMemoryBytes } = outcome
  return {
    run: id,
    runStatus: status,
    environment: request.environment,
    exitCode,
    signal,
    truncated,
    cpuMs,
    peakMemoryBytes,
    waitMs: Math.round(waitMs),
    startMs: Math.round(startMs),
    runMs: durationMs,
  }
}
