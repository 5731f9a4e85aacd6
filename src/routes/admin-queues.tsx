// GET /admin/queues: a look into the queues, for who signed in with a key that may.

import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { raw } from 'hono/html'
import type { AppEnv } from '../app-env.ts'
import type { Refusal } from '../errors.ts'
import type { FindKey } from '../middleware/auth.ts'
import { formText } from '../ui/form-request.ts'
import { postedForm } from '../ui/posted-form.ts'
import { Shell } from '../ui/shell.tsx'
import { signedInKey, signIn } from '../ui/sign-in.ts'
import { type OnRefusal, pageRefusal } from './page-refusal.ts'

/** Where it is: @bull-board's page has to know. */
export const ADMIN_QUEUES = '/admin/queues'

export interface AdminQueuesRouteOptions {
  /** @bull-board's part. */
  board: Hono
  guard: (findKey: FindKey) => MiddlewareHandler<AppEnv>
  /** What a form must pass before it is read. */
  guardForm: MiddlewareHandler<AppEnv>
  onRefusal: OnRefusal
  hasRuns: boolean
}

export function adminQueuesRoute(options: AdminQueuesRouteOptions) {
  const { board, guard, guardForm, onRefusal, hasRuns } = options
  return new Hono<AppEnv>()
    .post('/', guardForm, async (c) => {
      signIn(c, formText(await postedForm(c), 'key'))
      return c.redirect('queues', 303)
    })
    .use(guard(signedInKey), noStore)
    .route('/', board)
    .onError((error, c) => {
      const refusal = pageRefusal(error, c, onRefusal)
      if (c.req.path === ADMIN_QUEUES) return signInPage(c, refusal, hasRuns)
      // What the page asks for by itself gets no page.
      return c.json(refusal.toBody(c.get('requestId')), refusal.status)
    })
}

const noStore: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next()
  if (!c.req.path.includes('/static/')) c.header('Cache-Control', 'no-store')
}

function signInPage(c: Context<AppEnv>, refusal: Refusal, hasRuns: boolean) {
  const asksForKey = refusal.code === 'unauthorized' || refusal.headers['WWW-Authenticate']
  const words = signedInKey(c) === undefined ? 'This page asks for a key.' : refusal.message
  c.header('Cache-Control', 'no-store')
  return c.html(
    <>
      {raw('<!doctype html>')}
      <Shell
        title="Queues – Safe Code Executor"
        line="What waits, and what runs."
        base="../"
        current={undefined}
        hasRuns={hasRuns}
        skip={{ id: 'key', text: 'Skip to the key' }}
      >
        <main>
          <p role="status">{asksForKey ? words : refusal.message}</p>
          {(asksForKey || refusal.code === 'forbidden') && (
            <form method="post" action="queues">
              <p class="key">
                <label for="key">API key with the right admin-queues</label>
                <input id="key" name="key" type="password" autocomplete="current-password" />
              </p>
              <button type="submit">Sign in</button>
            </form>
          )}
        </main>
      </Shell>
    </>,
    refusal.status,
  )
}
