// GET /metrics: the metrics, for Prometheus.

import { Hono } from 'hono'
import { describeRoute } from 'hono-openapi'
import type { Metrics } from '../metrics/metrics.ts'
import type { AppEnv } from '../middleware/app-env.ts'
import { metricsOperation } from '../openapi/operations.ts'

export function metricsRoute(metrics: Metrics) {
  return new Hono<AppEnv>().get('/', describeRoute(metricsOperation), async (c) =>
    c.body(await metrics.text(), 200, { 'Content-Type': metrics.contentType }),
  )
}
