// GET /ui/runs: the run log as a page, for who signed in with a key that may read it.

import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { getCookie } from 'hono/cookie'
import { raw } from 'hono/html'
import type { AppEnv } from '../app-env.ts'
import { Refusal, toRefusal } from '../errors.ts'
import { describeIssues } from '../issues.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { FindKey } from '../middleware/auth.ts'
import { listQuerySchema, statsQuerySchema } from '../run-log/query.ts'
import type { RunStore } from '../run-log/run-store.ts'
import { formText } from '../ui/form-request.ts'
import { postedForm } from '../ui/posted-form.ts'
import { RunsPage, type RunsPageProps } from '../ui/runs-page.tsx'
import { fromStore } from './runs.ts'

/** The cookie that has the key, as long as the browser is open. No script can read it, no other site can send it. */
const COOKIE = 'safe-code-executor-key'

export interface UiRunsRouteOptions {
  store: RunStore
  ring: KeyRing
  environments: readonly string[]
  guard: (findKey: FindKey) => MiddlewareHandler<AppEnv>
  /** What a form must pass before it is read. */
  guardForm: MiddlewareHandler<AppEnv>
  /** Told of every refusal before it is shown. */
  onRefusal: (refusal: Refusal, requestId: string) => void
}

export function uiRunsRoute(options: UiRunsRouteOptions) {
  const { store, ring, environments, guard, guardForm, onRefusal } = options
  const render = (
    c: Context<AppEnv>,
    shown: Pick<RunsPageProps, 'content' | 'refusal'>,
    status: Refusal['status'] | 200 = 200,
  ) => {
    c.header('Cache-Control', 'no-store')
    const props = { query: filterText(c), environments, needsKey: ring.isRequired }
    return c.html(
      <>
        {raw('<!doctype html>')}
        <RunsPage {...props} {...shown} isSignedIn={getCookie(c, COOKIE) !== undefined} />
      </>,
      status,
    )
  }

  return new Hono<AppEnv>()
    .get(
      '/',
      guard((c) => getCookie(c, COOKIE)),
      async (c) => {
        const query = filterText(c)
        const list = listQuerySchema.safeParse(query)
        const { cursor: _cursor, limit: _limit, ...filters } = query
        const stats = statsQuerySchema.safeParse(filters)
        const issues = [...(list.error?.issues ?? []), ...(stats.error?.issues ?? [])]
        if (!list.success || !stats.success) {
          throw new Refusal('invalid_request', describeIssues(issues))
        }
        const { limit, cursor, ...filter } = list.data
        const [page, counts] = await Promise.all([
          fromStore(() => store.list(filter, limit, cursor)),
          fromStore(() => store.stats(stats.data, c.req.raw.signal)),
        ])
        return render(c, { content: { page, stats: counts } })
      },
    )
    .post('/', guardForm, async (c) => {
      const key = formText(await postedForm(c), 'key')
      const isSecure = [
        new URL(c.req.url).protocol,
        `${c.req.header('X-Forwarded-Proto')}:`,
      ].includes('https:')
      const attributes = `HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
      // Without a path it is for the folder that this page is in, wherever a proxy has put that.
      c.header(
        'Set-Cookie',
        key
          ? `${COOKIE}=${encodeURIComponent(key)}; ${attributes}`
          : `${COOKIE}=; Max-Age=0; ${attributes}`,
      )
      return c.redirect('runs', 303)
    })
    .onError((error, c) => {
      const refusal = toRefusal(error, c.req.raw.signal)
      onRefusal(refusal, c.get('requestId'))
      for (const [name, value] of Object.entries(refusal.headers)) c.header(name, value)
      return render(
        c,
        { refusal: { code: refusal.code, message: refusal.message } },
        refusal.status,
      )
    })
}

/** The filters as they stand in the form; what is empty is not asked for. */
function filterText(c: Context): Record<string, string> {
  return Object.fromEntries(Object.entries(c.req.query()).filter(([, value]) => value !== ''))
}
