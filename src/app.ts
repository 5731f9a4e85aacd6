// The app: middleware in order, routes, what becomes of errors. No side effect at import, no port needed to test it.

import { type Context, Hono } from 'hono'
import { every } from 'hono/combine'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { requestId } from 'hono/request-id'
import { NONCE, secureHeaders } from 'hono/secure-headers'
import type { Logger } from 'pino'
import type { AppEnv } from './app-env.ts'
import type { Config } from './config.ts'
import { Refusal, toRefusal } from './errors.ts'
import type { Executor } from './executor/executor.ts'
import { accessLog } from './middleware/access-log.ts'
import { auth } from './middleware/auth.ts'
import { bodySize } from './middleware/body-size.ts'
import { clientAddress, clientKey } from './middleware/client-address.ts'
import { contentType } from './middleware/content-type.ts'
import { rateLimit } from './middleware/rate-limit.ts'
import { sameOrigin } from './middleware/same-origin.ts'
import { Readiness } from './readiness.ts'
import { healthRoute } from './routes/health.ts'
import { runRoute } from './routes/run.ts'
import { formField, uiRoute } from './routes/ui.tsx'

export interface AppOptions {
  config: Config
  executor: Executor
  logger: Logger
  /** Address of the other end of a request's connection. */
  peerAddress: (c: Context) => string
}

export function createApp({ config, executor, logger, peerAddress }: AppOptions) {
  const readiness = new Readiness(executor)
  const limits = {
    maxCodeBytes: config.MAX_CODE_BYTES,
    maxTimeoutSeconds: config.MAX_TIMEOUT_SECONDS,
    defaultTimeoutSeconds: config.DEFAULT_TIMEOUT_SECONDS,
  }
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

  const onRefusal = (refusal: Refusal, c: Context) => {
    if (refusal.status < 500) return
    const fields = { requestId: c.get('requestId'), code: refusal.code, err: refusal.cause }
    if (refusal.code === 'internal') logger.error(fields, refusal.message)
    else logger.warn(fields, refusal.message)
  }
  const refuse = (refusal: Refusal, c: Context) => {
    onRefusal(refusal, c)
    return c.json(refusal.toBody(c.get('requestId')), refusal.status, refusal.headers)
  }

  const app = new Hono<AppEnv>()
  app.onError((error, c) => refuse(toRefusal(error), c))
  app.notFound((c) => refuse(new Refusal('not_found', `There is no ${c.req.path}`), c))

  app.use(requestId())
  app.use(accessLog({ logger }))
  app.use(
    secureHeaders({
      // With the default, `no-referrer`, a browser hides the origin of the page's own form.
      referrerPolicy: 'same-origin',
      // A promise for a whole domain is for the proxy that ends TLS to make.
      strictTransportSecurity: false,
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: [NONCE],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
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

  app.route(
    '/run',
    runRoute({
      executor: readiness,
      limits,
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
      needsKey: keys.length > 0,
      guard: every(
        limitBody,
        sameOrigin(),
        contentType({ allowed: ['application/x-www-form-urlencoded'] }),
        auth({ keys, findKey: (c) => formField(c, 'key') }),
        ...rateGuards,
      ),
      onRefusal,
    }),
  )
  app.route('/', healthRoute({ readiness }))
  app.get('/', (c) => c.redirect('/ui'))
  return app
}

/** One line on what a program may use, for the page. */
function limitsText({ MEMORY_MB, DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS }: Config): string {
  const seconds = Math.min(DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS)
  return `Without network, with ${MEMORY_MB} MB of memory and ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`
}
