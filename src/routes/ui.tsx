// GET and POST /ui: the page, without any script.

import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { raw } from 'hono/html'
import type { AppEnv } from '../app-env.ts'
import { Refusal, toRefusal } from '../errors.ts'
import type { Executor } from '../executor/executor.ts'
import { describeIssues } from '../issues.ts'
import { type RequestLimits, runRequestSchema } from '../run.ts'
import { EXAMPLES } from '../ui/examples.ts'
import { Page, type PageProps } from '../ui/page.tsx'

export interface UiRouteOptions {
  executor: Executor
  limits: RequestLimits
  needsKey: boolean
  /** One line on what a program may use. */
  limitsText: string
  /** What a post must pass before its program is read. */
  guard: MiddlewareHandler
  /** Told of every refusal before it is shown. */
  onRefusal: (refusal: Refusal, requestId: string) => void
}

export function uiRoute({
  executor,
  limits,
  needsKey,
  limitsText,
  guard,
  onRefusal,
}: UiRouteOptions) {
  const schema = runRequestSchema(limits)
  const render = (
    c: Context<AppEnv>,
    props: Pick<PageProps, 'code' | 'outcome' | 'refusal'>,
    status: Refusal['status'] | 200 = 200,
  ) => {
    const nonce: string = c.get('secureHeadersNonce') ?? ''
    return c.html(
      <>
        {raw('<!doctype html>')}
        <Page {...props} needsKey={needsKey} limits={limitsText} nonce={nonce} />
      </>,
      status,
    )
  }

  return new Hono<AppEnv>()
    .get('/', (c) => {
      const example = EXAMPLES.find(({ id }) => id === c.req.query('example')) ?? EXAMPLES[0]
      return render(c, { code: example?.code ?? '' })
    })
    .post('/', guard, async (c) => {
      const code = await formField(c, 'code')
      const request = schema.safeParse({ code })
      if (!request.success) {
        throw new Refusal('invalid_request', describeIssues(request.error.issues))
      }
      const outcome = await executor.run(request.data, { signal: c.req.raw.signal })
      return render(c, { code, outcome })
    })
    .onError(async (error, c) => {
      const refusal = toRefusal(error)
      onRefusal(refusal, c.get('requestId'))
      // What was typed is not lost, unless it was too large to be read.
      const code = refusal.code === 'too_large' ? '' : await formField(c, 'code').catch(() => '')
      for (const [name, value] of Object.entries(refusal.headers)) c.header(name, value)
      return render(c, { code, refusal: refusal.message }, refusal.status)
    })
}

/** A text field of a posted form, with the line ends that the writer saw: forms send CRLF. */
export async function formField(c: Context, name: string): Promise<string> {
  const value = (await c.req.parseBody())[name]
  return typeof value === 'string' ? value.replaceAll('\r\n', '\n') : ''
}
