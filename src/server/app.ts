// The app: middleware in order, routes, what becomes of errors. No side effect at import, no port needed to test it.

import { type Context, Hono } from 'hono'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { requestId } from 'hono/request-id'
import type { Logger } from 'pino'
import type { AsyncRuns } from '../async-runs/async-runs.ts'
import type { Config } from '../config/config.ts'
import { Environments, type Offered, type OfferedEnvironment } from '../executor/environments.ts'
import type { WatchedExecutor } from '../executor/watched-executor.ts'
import { clientAddress, clientKey } from '../keys/client-address.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { accessLog } from '../middleware/access-log.ts'
import { allowedHosts } from '../middleware/allowed-hosts.ts'
import type { AppEnv } from '../middleware/app-env.ts'
import { bearerKey } from '../middleware/auth.ts'
import type { Drain } from '../middleware/drain.ts'
import { securityHeaders } from '../middleware/security-headers.ts'
import { dropUnread } from '../middleware/unread-body.ts'
import { apiDocument } from '../openapi/document.ts'
import type { QueueBoardOptions } from '../queue/board.ts'
import type { RateLimiter } from '../rate-limiter/rate-limiter.ts'
import { adminQueuesRoute, BOARD_OPTIONS } from '../routes/admin-queues.tsx'
import { asyncRunsRoute } from '../routes/async-runs.ts'
import { docsRoute } from '../routes/docs.tsx'
import { environmentsRoute } from '../routes/environments.ts'
import { healthRoute } from '../routes/health.ts'
import { metricsRoute } from '../routes/metrics.ts'
import { runRoute } from '../routes/run.ts'
import { fromStore, runsRoute } from '../routes/runs.ts'
import { uiRoute } from '../routes/ui.tsx'
import { uiAssetsRoute } from '../routes/ui-assets.ts'
import { uiRunsRoute } from '../routes/ui-runs.tsx'
import { Refusal, toRefusal } from '../run/refusal.ts'
import { longestTimeoutSeconds, type RequestLimits, requestLimits } from '../run/request.ts'
import type { RunLog } from '../run-log/run-log.ts'
import { unreadAnswers } from '../streams/unread-answers.ts'
import { unreadBytes } from '../streams/unread-bytes.ts'
import type { FormOptions } from '../ui/form.tsx'
import { SharedAttempt } from '../waits/shared-attempt.ts'
import { createRequestGuards } from './request-guards.ts'

export interface AppOptions {
  config: Config
  /** Runs what is waited for. */
  watched: WatchedExecutor
  /** The environments that can be requested. */
  offered: Offered
  /** Keeps what is asked for now and read later. */
  asyncRuns: AsyncRuns
  /** The keys that clients may have. */
  ring: KeyRing
  limiter: RateLimiter
  metrics: Metrics
  /** Undefined if finished runs are not kept. */
  runLog: RunLog | undefined
  /** A page on the queues, to be put at its path; undefined if there are none. */
  board?: ((options: QueueBoardOptions) => Hono) | undefined
  drain: Drain
  logger: Logger
  /** Address of the other end of a request's connection. */
  peerAddress: (c: Context) => string
}

/** The environments in the page's menu: all of them if none is to be there. */
function forPage(offered: ReturnType<Offered>): FormOptions['environments'] {
  const shown = offered.filter(({ onPage, problem }) => onPage && problem === undefined)
  return (shown.length > 0 ? shown : offered).map(({ name, description, limits }) => ({
    name,
    description,
    memoryBytes: limits.memoryBytes,
    defaultTimeoutSeconds: limits.defaultTimeoutSeconds,
  }))
}

/** The limits of requests, the same object while the same environments are offered. */
function limitsOf(offered: Offered): () => RequestLimits {
  let known: ReturnType<Offered> | undefined
  let limits: RequestLimits | undefined
  return () => {
    const now = offered()
    if (limits && known === now) return limits
    known = now
    const times = ({ name, limits }: OfferedEnvironment) => ({
      name,
      defaultTimeoutSeconds: limits.defaultTimeoutSeconds,
      maxTimeoutSeconds: limits.maxTimeoutSeconds,
    })
    const [first, ...others] = now
    limits = requestLimits([times(first), ...others.map(times)])
    return limits
  }
}

export function createApp(options: AppOptions) {
  const { config, watched, asyncRuns, ring, limiter, metrics, runLog, drain, logger } = options
  const { executor, readiness } = watched
  const { offered } = options
  const limits = limitsOf(offered)
  const environments = new Environments({ executor, offered, logger })
  const addressOf = clientAddress(config.TRUST_PROXY)
  const unread = unreadBytes(config)
  const guards = createRequestGuards({ config, ring, limiter, drain })

  const onRefusal = (refusal: Refusal, requestId: string) => {
    metrics.onRefusal(refusal.code)
    if (refusal.status < 500) return
    const fields = { requestId, code: refusal.code, err: refusal.cause }
    if (refusal.code === 'internal') logger.error(fields, refusal.message)
    else logger.warn(fields, refusal.message)
  }
  const refuse = (refusal: Refusal, c: Context) => {
    onRefusal(refusal, c.get('requestId'))
    return c.json(refusal.toBody(c.get('requestId')), refusal.status, refusal.headers)
  }

  const app = new Hono<AppEnv>()
  app.onError((error, c) => refuse(toRefusal(error, c.req.raw.signal), c))
  app.notFound((c) => refuse(new Refusal('not_found', `There is no ${c.req.path}`), c))

  app.use(requestId())
  app.use((c, next) => {
    c.set('client', clientKey(addressOf(options.peerAddress(c), c.req.header('X-Forwarded-For'))))
    return next()
  })
  app.use(accessLog({ logger, onRequest: (request) => metrics.onRequest(request) }))
  app.use(unreadAnswers(unread))
  app.use(drain.endConnections)
  app.use(dropUnread)
  app.use(securityHeaders)
  app.use(
    allowedHosts({
      names: config.ALLOWED_HOSTS,
      // A page under a stranger's name has no key to send.
      isEnforced: !ring.isRequired || config.ALLOWED_HOSTS.length > 0,
      openPaths: ['/healthz', '/readyz'],
    }),
  )
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        const allow = methods.join(', ')
        return refuse(
          new Refusal('method_not_allowed', `${c.req.path}: only ${allow}`, {
            headers: { Allow: allow },
          }),
          c,
        )
      },
    }),
  )

  const runs = {
    limits,
    onRefusal,
    unread,
    guard: guards.run,
  }
  app.route('/run', runRoute({ ...runs, executor }))
  app.route(
    '/',
    asyncRunsRoute({
      ...runs,
      asyncRuns,
      sendsWebhooks: config.WEBHOOKS !== false,
      guardReading: guards.anyKey,
      runLog: runLog && {
        isReader: (key) => key?.rights.includes('read-runs') ?? config.READ_RUNS_WITHOUT_KEY,
        find: (id, reading) => fromStore(() => runLog.store.find(id, reading)),
      },
    }),
  )
  app.route(
    '/ui',
    uiRoute({
      executor,
      limits,
      hasRuns: runLog !== undefined,
      form: () => ({
        environments: forPage(offered()),
        maxTimeoutSeconds: longestTimeoutSeconds(limits()),
        maxBodyBytes: config.MAX_BODY_BYTES,
        needsKey: ring.isRequired,
      }),
      guard: guards.runForm,
      onRefusal,
    }),
  )
  app.route('/ui/assets', uiAssetsRoute())
  app.route('/environments', environmentsRoute(environments))
  app.route('/', healthRoute(readiness, drain))
  app.route('/metrics', metricsRoute(metrics))
  if (runLog) {
    app.route('/', runsRoute({ store: runLog.store, guard: guards.readRuns(bearerKey) }))
    app.route(
      '/ui/runs',
      uiRunsRoute({
        store: runLog.store,
        ring,
        guard: guards.readRuns,
        onRefusal,
        environments: config.environments.map(({ name }) => name),
        guardForm: guards.form,
      }),
    )
  }
  if (options.board) {
    app.route(
      '/',
      adminQueuesRoute({
        board: options.board(BOARD_OPTIONS),
        ring,
        onRefusal,
        hasRuns: runLog !== undefined,
        guard: guards.adminQueues,
        guardOrigin: guards.ownPage,
        guardForm: guards.form,
      }),
    )
  }
  const document = new SharedAttempt(() => apiDocument(app))
  app.route(
    '/',
    docsRoute(() => document.get()),
  )
  app.get('/', (c) => c.redirect('/ui'))
  return app
}
