// A server that ends: what it still does, what it refuses, and what clients are told.

import { expect, it } from 'vitest'
import { postForm, postRun, testApp } from '../support/app.ts'

it('says so when it gave notice, and serves as before', async () => {
  const { app, drain } = testApp()
  expect((await app.request('/readyz')).headers.get('Connection')).toBeNull()
  drain.giveNotice()
  const ready = await app.request('/readyz')
  expect([ready.status, ready.headers.get('Connection')]).toEqual([503, 'close'])
  expect(await ready.json()).toMatchObject({ code: 'unavailable' })
  const run = await postRun(app)
  expect([run.status, run.headers.get('Connection')]).toEqual([200, 'close'])
  expect((await app.request('/healthz')).status).toBe(200)
})

it('takes no more runs then, and uses up no rate with that', async () => {
  const { app, drain, executor } = testApp()
  drain.refuseRuns()
  const run = await postRun(app)
  expect([run.status, run.headers.get('Retry-After')]).toEqual([503, '1'])
  expect(run.headers.get('Connection')).toBe('close')
  expect(await run.json()).toMatchObject({ code: 'unavailable' })
  expect((await postForm(app, { code: 'x' })).status).toBe(503)
  expect((await app.request('/readyz')).status).toBe(503)
  expect((await app.request('/healthz')).status).toBe(200)
  expect(executor.requests).toEqual([])
})
