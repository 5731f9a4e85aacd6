// The app: middleware in order, routes, what becomes of errors. No side effect at import, no port needed to test it.

import { type Context, Hono } from 'hono'
import { every } from 'hono/combine'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { requestId } from 'hono/request-id'
import type { Logger } from 'pino'
import type { AppEnv } from './app-env.ts'
import type { Config } from './config.ts'
import { Environments, environmentLimits } from './environments.ts'
import { Refusal, toRefusal } from './errors.ts'
import type { Executor } from './executor/executor.ts'
import { accessLog } from './middleware/access-log.ts'
import { auth } from './middleware/auth.ts'
import { bodySize } from './middleware/body-size.ts'
import { clientAddress, clientKey } from './middleware/client-address.ts'
import { contentType } from './middleware/content-type.ts'
import { rateLimit } from './middleware/rate-limit.ts'
import { sameOrigin } from './middleware/same-origin.ts'
import { securityHeaders } from './middleware/security-headers.ts'
import { apiDocument } from './openapi/document.ts'
import { Readiness } from './readiness.ts'
import { docsRoute } from './routes/docs.tsx'
import { environmentsRoute } from './routes/environments.ts'
import { healthRoute } from './routes/health.ts'
import { runRoute } from './routes/run.ts'
import { uiRoute } from './routes/ui.tsx'
import { uiAssetsRoute } from './routes/ui-assets.ts'
import { requestLimits } from './run.ts'
import { SharedAttempt } from './shared-attempt.ts'
import { formText } from './ui/form-request.ts'
import { postedForm } from './ui/posted-form.ts'
import { maxUnread } from './unread-answers.ts'

export interface AppOptions {
  config: Config
  executor: Executor
  logger: Logger
  /** Address of the other end of a request's connection. */
  peerAddress: (c: Context) => string
}

export function createApp({ config, executor, logger, peerAddress }: AppOptions) {
  const readiness = new Readiness(executor, config.ENVIRONMENTS[0])
  const limits = requestLimits(config)
  const environments = new Environments({
    executor,
    limits: new Map(config.ENVIRONMENTS.map((name) => [name, environmentLimits(config, name)])),
  })
  const addressOf = clientAddress({ trustProxy: config.TRUST_PROXY })
  const keyOf = (c: Context) =>
    clientKey(addressOf(peerAddress(c), c.req.header('X-Forwarded-For')))
  const limitRate = rateLimit({
    requests: config.RATE_LIMIT_REQUESTS,
    windowSeconds: config.RATE_LIMIT_WINDOW_SECONDS,
    keyOf,
  })
  const rateGuards = config.RATE_LIMIT ? [limitRate] : []
  const limitBody = bodySize({ maxBytes: config.MAX_BODY_BYTES })
  const keys = config.API_KEYS

  const onRefusal = (refusal: Refusal, requestId: string) => {
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
  app.onError((error, c) => refuse(toRefusal(error), c))
  app.notFound((c) => refuse(new Refusal('not_found', `There is no ${c.req.path}`), c))

  app.use(requestId())
  app.use(accessLog({ logger }))
  app.use(securityHeaders)
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

  app.route(
    '/run',
    runRoute({
      executor: readiness,
      limits,
      onRefusal,
      maxUnread: maxUnread(config),
      guard: every(
        limitBody,
        contentType({ allowed: ['application/json'] }),
        auth({ keys }),
        ...rateGuards,
      ),
    }),
  )
  app.route(
    '/ui',
    uiRoute({
      executor: readiness,
      limits,
      limitsText: limitsText(config),
      form: {
        environments: config.ENVIRONMENTS.map((name) => ({
          name,
          memoryBytes: environmentLimits(config, name).memoryBytes,
        })),
        defaultTimeoutSeconds: Math.min(limits.defaultTimeoutSeconds, limits.maxTimeoutSeconds),
        maxTimeoutSeconds: limits.maxTimeoutSeconds,
        maxBodyBytes: config.MAX_BODY_BYTES,
        needsKey: keys.length > 0,
      },
      guard: every(
        limitBody,
        sameOrigin(),
        contentType({ allowed: ['multipart/form-data', 'application/x-www-form-urlencoded'] }),
        auth({ keys, findKey: async (c) => formText(await postedForm(c), 'key') }),
        ...rateGuards,
      ),
      onRefusal,
    }),
  )
  app.route('/ui/assets', uiAssetsRoute())
  app.route('/environments', environmentsRoute({ environments }))
  app.route('/', healthRoute({ readiness }))
  const document = new SharedAttempt(() => apiDocument(app))
  app.route('/', docsRoute({ document: () => document.get() }))
  app.get('/', (c) => c.redirect('/ui'))
  return app
}

/** One line on what a program may use, for the page. */
function limitsText(config: Config): string {
  const seconds = Math.min(config.DEFAULT_TIMEOUT_SECONDS, config.MAX_TIMEOUT_SECONDS)
  const { memoryBytes } = environmentLimits(config, config.ENVIRONMENTS[0])
  return `Without network, with ${memoryBytes / 2 ** 20} MB of memory and ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`
}
