// GET /ui/runs: the run log as a page, for keys with the right.

import { type Context, Hono, type MiddlewareHandler } from 'hono'
import type { KeyRing } from '../keys/key-ring.ts'
import { type AppEnv, readingOf } from '../middleware/app-env.ts'
import type { FindKey } from '../middleware/auth.ts'
import { noStore } from '../middleware/no-store.ts'
import { postedForm } from '../middleware/posted-form.ts'
import { judged } from '../run/issues.ts'
import type { Refusal } from '../run/refusal.ts'
import { listQuerySchema, statsQuerySchema } from '../run-log/query.ts'
import type { RunStore } from '../run-log/run-store.ts'
import { formText } from '../ui/form-request.ts'
import { RunsPage, type RunsPageProps } from '../ui/runs-page.tsx'
import { signedInKey, signIn } from '../ui/sign-in.ts'
import { type OnRefusal, pageRefusal } from './page-refusal.ts'
import { fromStore } from './runs.ts'

export interface UiRunsRouteOptions {
  store: RunStore
  ring: KeyRing
  environments: readonly string[]
  guard: (findKey: FindKey) => MiddlewareHandler<AppEnv>
  /** Checks a form before it is read. */
  guardForm: MiddlewareHandler<AppEnv>
  onRefusal: OnRefusal
}

export function uiRunsRoute(options: UiRunsRouteOptions) {
  const { store, ring, environments, guard, guardForm, onRefusal } = options
  const render = (
    c: Context<AppEnv>,
    shown: Pick<RunsPageProps, 'content' | 'refusal'>,
    status: Refusal['status'] | 200 = 200,
  ) => {
    const isSignedIn = signedInKey(c) !== undefined
    const props = { query: filterText(c), environments, needsKey: ring.isRequired, isSignedIn }
    return c.html(<RunsPage {...props} {...shown} />, status)
  }

  return new Hono<AppEnv>()
    .use(noStore)
    .get('/', guard(signedInKey), async (c) => {
      const query = filterText(c)
      const { limit, cursor, ...filter } = judged(listQuerySchema, query)
      const { limit: _limit, cursor: _cursor, ...filters } = query
      const counted = judged(statsQuerySchema, filters)
      const [page, stats] = await Promise.all([
        fromStore(() => store.list(filter, limit, cursor, readingOf(c))),
        fromStore(() => store.stats(counted, c.req.raw.signal)),
      ])
      return render(c, { content: { page, stats } })
    })
    .post('/', guardForm, async (c) => {
      signIn(c, formText(await postedForm(c), 'key'))
      return c.redirect('runs', 303)
    })
    .onError((error, c) => {
      const refusal = pageRefusal(error, c, onRefusal)
      return render(c, { refusal }, refusal.status)
    })
}

/** The filters that are filled in, as text. */
function filterText(c: Context): Record<string, string> {
  return Object.fromEntries(Object.entries(c.req.query()).filter(([, value]) => value !== ''))
}
