// GET and DELETE /runs/{id}: how far a run has come, and who may know.

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testKey } from '../support/app.ts'
import { asyncApp, shownRun, submitted, withKey } from '../support/async-runs.ts'
import { type TestRunLog, testRunLog } from '../support/run-log.ts'

describe('a run', () => {
  it('is shown as far as it has come, and when to look again', async () => {
    const { app, control } = asyncApp()
    const { id } = await submitted(app)
    const get = () => app.request(`/runs/${id}`)
    const queued = await get()
    expect(await queued.json()).toMatchObject({ state: 'queued' })
    expect([queued.headers.get('Retry-After'), queued.headers.get('Cache-Control')]).toEqual([
      ...['1', 'no-store'],
    ])
    const given = await control.nextStarted()
    expect(await (await get()).json()).toMatchObject({ state: 'running' })
    given.finish({ output: 'done' })
    await shownRun(app, id, 'finished')
    const finished = await get()
    expect(finished.headers.get('Retry-After')).toBeNull()
    expect(await finished.json()).toMatchObject({ result: { output: 'done', id } })
  })

  it('is cancelled, and again, and not when it has ended', async () => {
    const { app, control } = asyncApp()
    const [running, waiting] = [await submitted(app), await submitted(app)]
    await control.nextStarted()
    const cancel = async (id: string) => {
      const answer = await app.request(`/runs/${id}`, { method: 'DELETE' })
      return [answer.status, ((await answer.json()) as { state: string }).state]
    }
    for (const { id } of [waiting, running, running]) {
      expect(await cancel(id)).toEqual([200, 'cancelled'])
    }
    const third = await submitted(app)
    const given = await control.nextStarted()
    given.finish()
    await shownRun(app, third.id, 'finished')
    expect(await cancel(third.id)).toEqual([200, 'finished'])
  })
})

describe('who may', () => {
  const keys = [
    ...[testKey('owner'), testKey('other'), testKey('late', { rights: ['admin-queues'] })],
    testKey('reader', { rights: ['read-runs'] }),
  ]

  it('read: who asked for it, and keys with the right', async () => {
    const { app } = asyncApp({ keys })
    const { id } = await submitted(app, undefined, withKey('owner'))
    const statusOf = async (headers: Record<string, string>, path = `/runs/${id}`) =>
      (await app.request(path, { headers })).status
    for (const path of [`/runs/${id}`, `/runs/${id}/events`]) {
      expect(await statusOf({}, path)).toBe(401)
      expect(await statusOf(withKey('wrong'), path)).toBe(401)
      expect(await statusOf(withKey('other'), path)).toBe(404)
      expect(await statusOf(withKey('late'), path)).toBe(404)
      expect(await statusOf(withKey('owner'), path)).toBe(200)
      expect(await statusOf(withKey('reader'), path)).toBe(200)
    }
  })

  it('cancel: who asked for it, and nobody else', async () => {
    const { app, control } = asyncApp({ keys })
    const { id } = await submitted(app, undefined, withKey('owner'))
    const given = await control.nextStarted()
    const statusOf = async (headers: Record<string, string>) =>
      (await app.request(`/runs/${id}`, { method: 'DELETE', headers })).status
    expect(await statusOf({})).toBe(401)
    expect(await statusOf(withKey('other'))).toBe(404)
    expect(await statusOf(withKey('reader'))).toBe(404)
    expect(given.options.signal.aborted).toBe(false)
    expect(await statusOf(withKey('owner'))).toBe(200)
    expect(given.options.signal.aborted).toBe(true)
  })

  it.each([randomUUID(), 'nothing', '%00', 'x'.repeat(1000), '__proto__'])(
    'do anything with a run that is not there: nobody (%s)',
    async (id) => {
      const { app } = asyncApp()
      for (const [path, method] of [
        ...[[`/runs/${id}`, 'GET'] as const, [`/runs/${id}`, 'DELETE'] as const],
        [`/runs/${id}/events`, 'GET'] as const,
      ]) {
        const answer = await app.request(path, { method })
        expect(answer.status).toBe(404)
        expect(await answer.json()).toMatchObject({ code: 'not_found' })
      }
    },
  )
})

it('another method is refused with those that there are', async () => {
  const { app } = asyncApp()
  const list = await app.request('/runs')
  expect([list.status, list.headers.get('Allow')]).toEqual([405, 'POST'])
  const put = await app.request('/runs/x', { method: 'PUT' })
  expect([put.status, put.headers.get('Allow')]).toEqual([405, 'GET, HEAD, DELETE'])
})

describe('where runs are logged', () => {
  let log: TestRunLog
  beforeAll(async () => {
    log = await testRunLog()
  })
  afterAll(() => log.remove())

  it('an asynchronous run is shown as such, and its record when it is forgotten', async () => {
    const keys = [testKey('owner'), testKey('reader', { rights: ['read-runs'] })]
    const { app, control, asyncRuns } = asyncApp({ keys, runLog: log.runLog })
    const { id } = await submitted(app, undefined, withKey('owner'))
    const given = await control.nextStarted()
    given.finish()
    await shownRun(app, id, 'finished', withKey('owner'))
    await log.written()
    const read = async (key: string) => {
      const answer = await app.request(`/runs/${id}`, { headers: withKey(key) })
      return [answer.status, await answer.json()]
    }
    const isAsync = [200, expect.objectContaining({ state: 'finished' })]
    expect([await read('owner'), await read('reader')]).toEqual([isAsync, isAsync])
    asyncRuns.close()
    expect((await read('owner'))[0]).toBe(404)
    expect(await read('reader')).toEqual([
      ...[200, expect.objectContaining({ id, key: 'owner', status: 'ok' })],
    ])
  })
})
