// GET and POST /ui: the page, and its form without a script.

import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { type AppEnv, runOptions } from '../middleware/app-env.ts'
import { postedForm } from '../middleware/posted-form.ts'
import type { Executor } from '../run/executor.ts'
import { judged } from '../run/issues.ts'
import type { Refusal } from '../run/refusal.ts'
import { keyLimits, type RequestLimits, runRequestSchema } from '../run/request.ts'
import { refusalText } from '../ui/ends.ts'
import { EXAMPLES } from '../ui/examples.ts'
import { type FormFields, type FormOptions, NO_FIELDS } from '../ui/form.tsx'
import { formFields, formRequest } from '../ui/form-request.ts'
import { exampleFields, Page } from '../ui/page.tsx'
import type { Ended } from '../ui/result.tsx'
import { type OnRefusal, pageRefusal } from './page-refusal.ts'

export interface UiRouteOptions {
  executor: Executor
  limits: () => RequestLimits
  form: () => FormOptions
  /** Whether there is a run log. */
  hasRuns: boolean
  /** Checks a post before its form is read. */
  guard: MiddlewareHandler<AppEnv>
  onRefusal: OnRefusal
}

/** Maximum of a refused form that is shown again, in characters: sending megabytes back costs more than refusing them. */
const MAX_SHOWN_AGAIN = 128 * 1024

export function uiRoute({ executor, limits, form, hasRuns, guard, onRefusal }: UiRouteOptions) {
  const memoryOf = (environment: string) =>
    form().environments.find(({ name }) => name === environment)?.memoryBytes ?? 0
  const render = (
    c: Context<AppEnv>,
    fields: FormFields,
    ended?: Ended,
    status: Refusal['status'] | 200 = 200,
  ) => {
    const shown = { fields, hasRuns, nonce: c.get('secureHeadersNonce') ?? '' }
    return c.html(<Page {...form()} {...shown} {...(ended && { ended })} />, status)
  }

  return new Hono<AppEnv>()
    .get('/', (c) => {
      const example = EXAMPLES.find(({ id }) => id === c.req.query('example')) ?? EXAMPLES[0]
      return render(c, example ? exampleFields(example) : NO_FIELDS)
    })
    .post('/', guard, async (c) => {
      const posted = await postedForm(c)
      const schema = runRequestSchema(keyLimits(limits(), c.get('key')))
      const request = judged(schema, await formRequest(posted))
      const outcome = await executor.run(request, runOptions(c))
      const memoryBytes = memoryOf(request.environment)
      return render(c, formFields(posted), { outcome, memoryBytes })
    })
    .onError(async (error, c) => {
      const { code, message, headers, status } = pageRefusal(error, c, onRefusal)
      // Keep what was typed, unless it is too large to be read or to be sent back.
      const isLeft = code === 'too_large' || c.get('isBodyLeft') === true
      const typed = isLeft ? NO_FIELDS : await postedForm(c).then(formFields, () => NO_FIELDS)
      const { displayLastExpression: _checked, ...texts } = typed
      const isLong = Object.values(texts).join('').length > MAX_SHOWN_AGAIN
      const wait = headers['Retry-After']
      const text = refusalText(code, message, wait === undefined ? undefined : Number(wait))
      return render(c, isLong ? NO_FIELDS : typed, { refusal: text }, status)
    })
}
