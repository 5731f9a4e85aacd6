// GET /admin/queues: the queues as a read-only page, for keys with the right.

import { Hono, type MiddlewareHandler } from 'hono'
import type { KeyRing } from '../keys/key-ring.ts'
import type { AppEnv } from '../middleware/app-env.ts'
import type { FindKey } from '../middleware/auth.ts'
import { postedForm } from '../middleware/posted-form.ts'
import type { QueueBoardOptions } from '../queue/board.ts'
import { Refusal } from '../run/refusal.ts'
import { formText } from '../ui/form-request.ts'
import { QueuesPage } from '../ui/queues-page.tsx'
import { signedInKey, signIn } from '../ui/sign-in.ts'
import { type OnRefusal, pageRefusal } from './page-refusal.ts'

const ADMIN_QUEUES = '/admin/queues'

/** Options of @bull-board's page. It can show nothing of ours but links, so signing out is one, too. */
export const BOARD_OPTIONS: QueueBoardOptions = {
  path: ADMIN_QUEUES,
  links: [
    { text: 'Editor', url: '/ui' },
    { text: 'API', url: '/docs/' },
    { text: 'Sign out', url: `${ADMIN_QUEUES}?sign-out` },
  ],
}

export interface AdminQueuesRouteOptions {
  /** @bull-board's app. */
  board: Hono
  ring: KeyRing
  guard: (findKey: FindKey) => MiddlewareHandler<AppEnv>
  /** Checks that a request comes from a page of this server. */
  guardOrigin: MiddlewareHandler
  /** Checks a form before it is read. */
  guardForm: MiddlewareHandler<AppEnv>
  onRefusal: OnRefusal
  hasRuns: boolean
}

export function adminQueuesRoute(options: AdminQueuesRouteOptions) {
  const { board, ring, guard, guardOrigin, guardForm, onRefusal, hasRuns } = options
  return new Hono<AppEnv>()
    .get(`${ADMIN_QUEUES}/`, (c) => c.redirect(`../queues${new URL(c.req.url).search}`))
    .get(ADMIN_QUEUES, async (c, next) => {
      if (c.req.query('sign-out') === undefined) return next()
      // The guard throws, or the redirect below is the answer.
      await guardOrigin(c, async () => signIn(c, undefined))
      return c.redirect('queues')
    })
    .post(ADMIN_QUEUES, guardForm, async (c) => {
      signIn(c, formText(await postedForm(c), 'key'))
      return c.redirect('queues', 303)
    })
    .use(`${ADMIN_QUEUES}/*`, guard(signedInKey), onlyLook, noStore)
    .route(ADMIN_QUEUES, board)
    .onError((error, c) => {
      const refusal = pageRefusal(error, c, onRefusal)
      c.header('Cache-Control', 'no-store')
      // Requests of the page's script get JSON.
      if (['api', 'static'].some((part) => c.req.path.startsWith(`${ADMIN_QUEUES}/${part}/`))) {
        return c.json(refusal.toBody(c.get('requestId')), refusal.status)
      }
      // The page of one queue or job is in another folder, to which the form's action would be relative.
      if (c.req.path !== ADMIN_QUEUES) return c.redirect(ADMIN_QUEUES)
      const state = { needsKey: ring.isRequired, isSignedIn: signedInKey(c) !== undefined, hasRuns }
      return c.html(<QueuesPage refusal={refusal} {...state} />, refusal.status)
    })
}

/** Refuses everything that could change a queue, whatever the library takes for read-only. */
const onlyLook: MiddlewareHandler = (c, next) => {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return next()
  throw new Refusal('method_not_allowed', 'The page of the queues is read-only', {
    headers: { Allow: 'GET' },
  })
}

const noStore: MiddlewareHandler = async (c, next) => {
  await next()
  if (!c.req.path.startsWith(`${ADMIN_QUEUES}/static/`)) c.header('Cache-Control', 'no-store')
}
