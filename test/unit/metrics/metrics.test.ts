// The metrics: that each counts what it says, in names that Prometheus takes.

import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/run/refusal.ts'
import { outcome, postForm, postRun, testApp } from '../support/app.ts'

type App = ReturnType<typeof testApp>['app']

/** The value of one line; undefined where there is none. */
async function value(app: App, line: string): Promise<number | undefined> {
  const text = await (await app.request('/metrics')).text()
  const found = text.split('\n').find((one) => one.startsWith(`safe_code_executor_${line} `))
  return found === undefined ? undefined : Number(found.split(' ').at(-1))
}

describe('runs', () => {
  it('are counted by how they ended, before the first one too', async () => {
    const { app, executor } = testApp()
    const ok = 'runs_total{status="ok",environment="python"}'
    const oom = 'runs_total{status="oom",environment="python"}'
    expect(await value(app, ok)).toBe(0)
    await postRun(app)
    await postForm(app, { code: 'x' })
    executor.answer = async () => outcome({ status: 'oom' })
    await (await postRun(app, undefined, { Accept: 'text/event-stream' })).text()
    expect([await value(app, ok), await value(app, oom)]).toEqual([2, 1])
  })

  it('are timed', async () => {
    const { app, executor } = testApp()
    executor.answer = async (_, { onEvent }) => {
      await new Promise((resolve) => setTimeout(resolve, 60))
      onEvent?.({ type: 'admitted' })
      onEvent?.({ type: 'started' })
      return outcome({ durationMs: 400 })
    }
    await postRun(app)
    const count = async (name: string, le: string) =>
      value(app, `${name}_seconds_bucket{le="${le}",environment="python"}`)
    expect([await count('wait', '0.05'), await count('wait', '5')]).toEqual([0, 1])
    expect(await count('start', '0.05')).toBe(1)
    expect([await count('run', '0.3'), await count('run', '0.5')]).toEqual([0, 1])
    expect([await count('answer', '0.05'), await count('answer', '5')]).toEqual([0, 1])
  })

  it('of our own are not counted', async () => {
    const { app } = testApp()
    await app.request('/readyz')
    await app.request('/environments')
    expect(await value(app, 'runs_total{status="ok",environment="python"}')).toBe(0)
  })
})

it('refusals are counted by code, wherever they come from', async () => {
  const { app, executor } = testApp({ settings: { RATE_LIMIT: '1/60' } })
  await postRun(app, { cod: 1 })
  executor.answer = () => Promise.reject(new Refusal('busy', 'full'))
  await postRun(app)
  executor.answer = async () => outcome()
  await postRun(app)
  await postRun(app)
  await postForm(app, { code: 'x' })
  await app.request('/nothing')
  const counted = await Promise.all(
    ['invalid_request', 'busy', 'rate_limited', 'not_found', 'internal'].map((code) =>
      value(app, `refusals_total{code="${code}"}`),
    ),
  )
  expect(counted).toEqual([1, 1, 2, 1, 0])
})

it('requests are counted by route, and no client can make up a label', async () => {
  const { app } = testApp()
  await postRun(app)
  for (const path of ['/a', '/b', '/run/x']) await app.request(path)
  await app.request('/healthz', { method: 'BREW' })
  const text = await (await app.request('/metrics')).text()
  const labels = [...text.matchAll(/http_requests_total\{(.*)\}/g)].map(([, found]) => found)
  expect(labels).toEqual([
    'method="POST",route="/run",status="200"',
    'method="GET",route="/*",status="404"',
    'method="other",route="/*",status="405"',
  ])
})

it('the process and its event loop are in them', async () => {
  const text = await (await testApp().app.request('/metrics')).text()
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds')
  expect(text).toContain('process_resident_memory_bytes')
})
