// The app with an executor that goes on as a test says, and what clients do with asynchronous runs.

import type { AsyncRun } from '../../../src/run/async-run.ts'
import { ControlledExecutor } from '../../support/controlled-executor.ts'
import { type TestAppOptions, testApp } from './app.ts'

type App = ReturnType<typeof testApp>['app']

/** An app that runs one program at once. */
export function asyncApp({ settings, ...options }: TestAppOptions = {}) {
  const control = new ControlledExecutor()
  const made = testApp({
    ...options,
    settings: { MAX_RUNNING: '1', ...settings },
    answer: (request, given) => control.run(request, given),
  })
  return { ...made, control }
}

/** What `Authorization` is for a key of a test. */
export const withKey = (name: string) => ({ Authorization: `Bearer ${name}` })

/** Posts to /runs: an object as JSON, a text as it is. */
export async function postRuns(
  app: App,
  body: unknown = { code: 'print(2 + 2)' },
  headers: Record<string, string> = {},
): Promise<Response> {
  return app.request('/runs', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

/** Posts one run that must be taken. */
export async function submitted(
  app: App,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<AsyncRun> {
  const answer = await postRuns(app, body, headers)
  if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`)
  return (await answer.json()) as AsyncRun
}

/** A run as GET shows it, when it is like this. */
export async function shownRun(
  app: App,
  id: string,
  state: AsyncRun['state'],
  headers: Record<string, string> = {},
): Promise<AsyncRun> {
  for (;;) {
    const answer = await app.request(`/runs/${id}`, { headers })
    const run = (await answer.json()) as AsyncRun
    if (answer.status !== 200) throw new Error(JSON.stringify(run))
    if (run.state === state) return run
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
