// GET /, /healthz, /readyz.

import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/run/refusal.ts'
import { outcome, postRun, testApp } from '../support/app.ts'

it('GET / goes to the page', async () => {
  const response = await testApp().app.request('/')
  expect([response.status, response.headers.get('Location')]).toEqual([302, '/ui'])
})

describe('/healthz', () => {
  it('answers without running anything, even where nothing can run', async () => {
    const { app, executor } = testApp({ answer: () => Promise.reject(new Error('no engine')) })
    const response = await app.request('/healthz')
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
    expect(executor.requests).toEqual([])
  })

  it('answers HEAD', async () => {
    const response = await testApp().app.request('/healthz', { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([200, ''])
  })
})

describe('/readyz', () => {
  it('is ready when a program ran', async () => {
    const { app, executor } = testApp()
    const response = await app.request('/readyz')
    expect([response.status, await response.json()]).toEqual([200, { status: 'ready' }])
    expect(executor.requests).toMatchObject([{ code: 'print(2 + 2)' }])
  })

  it('runs one program for any number of probes', async () => {
    let finish = () => {}
    const held = new Promise<void>((resolve) => {
      finish = resolve
    })
    const answer = async () => {
      await held
      return outcome()
    }
    const { app, executor } = testApp({ answer })
    const probes = Array.from({ length: 20 }, async () => (await app.request('/readyz')).status)
    finish()
    expect(await Promise.all(probes)).toEqual(Array.from({ length: 20 }, () => 200))
    expect((await app.request('/readyz')).status).toBe(200)
    expect(executor.requests).toHaveLength(1)
  })

  it('runs none when a client’s program succeeded lately', async () => {
    const { app, executor } = testApp()
    await postRun(app, { code: 'x' })
    expect((await app.request('/readyz')).status).toBe(200)
    expect(executor.requests).toMatchObject([{ code: 'x' }])
  })

  it('is unavailable when the program could not run, and says nothing of the cause', async () => {
    const answer = () => Promise.reject(new Error('connect ENOENT /var/run/docker.sock'))
    const response = await testApp({ answer }).app.request('/readyz')
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({
      output: '',
      error: 'A test program could not be run',
      code: 'unavailable',
      requestId: response.headers.get('X-Request-Id'),
    })
  })

  it('is busy when there is no place', async () => {
    const refusal = new Refusal('busy', 'Full', { headers: { 'Retry-After': '2' } })
    const response = await testApp({ answer: () => Promise.reject(refusal) }).app.request('/readyz')
    expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '2'])
    expect(await response.json()).toMatchObject({ error: 'Full', code: 'busy' })
  })
})
