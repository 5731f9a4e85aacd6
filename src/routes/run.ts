// POST /run: runs a program, and answers with its outcome or with a stream of its output.

import { Hono, type MiddlewareHandler } from 'hono'
import { accepts } from 'hono/accepts'
import { describeRoute } from 'hono-openapi'
import type { SharedBound } from '../admission/shared-bound.ts'
import { type AppEnv, runOptions } from '../middleware/app-env.ts'
import { parseJsonBody } from '../middleware/json-body.ts'
import { runOperation } from '../openapi/operations.ts'
import type { Executor } from '../run/executor.ts'
import { judged } from '../run/issues.ts'
import { jsonBytes } from '../run/json-bytes.ts'
import { type Refusal, toRefusal } from '../run/refusal.ts'
import { byKeyLimits, type RequestLimits, runRequestSchema } from '../run/request.ts'
import { runEvents } from '../streams/run-events.ts'
import { sendEvents } from '../streams/send-events.ts'
import { sendJson } from '../streams/send-json.ts'

const EVENT_STREAM = 'text/event-stream'

export interface RunRouteOptions {
  executor: Executor
  limits: () => RequestLimits
  /** Checks a request before its body is read. */
  guard: MiddlewareHandler<AppEnv>
  /** Counts unread bytes of all clients. */
  unread: SharedBound
  /** Called for a failure after the answer has begun, when its status is sent. */
  onRefusal: (refusal: Refusal, requestId: string) => void
}

export function runRoute({ executor, limits, guard, unread, onRefusal }: RunRouteOptions) {
  const schemaFor = byKeyLimits(limits, runRequestSchema)
  return new Hono<AppEnv>().post('/', describeRoute(runOperation(limits())), guard, async (c) => {
    const request = judged(schemaFor(c.get('key')), parseJsonBody(await c.req.text()))
    c.header('Vary', 'Accept')
    const type = accepts(c, {
      header: 'Accept',
      supports: ['application/json', EVENT_STREAM],
      default: 'application/json',
    })
    if (type !== EVENT_STREAM) {
      return sendJson(c, await jsonBytes(await executor.run(request, runOptions(c))))
    }

    const requestId = c.get('requestId')
    const stream = await runEvents(request, {
      ...runOptions(c),
      executor,
      unread,
      describeError: (error) => {
        const refusal = toRefusal(error)
        onRefusal(refusal, requestId)
        return refusal.toBody(requestId)
      },
      onStream: (ended) => void ended.then(c.get('logLine').hold()),
    })
    return sendEvents(c, stream)
  })
}
