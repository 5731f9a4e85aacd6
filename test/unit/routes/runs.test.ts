// The run log over HTTP: who may read it, what can be asked, and that it has what ran.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { outcome, postForm, postRun, testApp, testKey } from '../support/app.ts'
import { type TestRunLog, testRunLog } from '../support/run-log.ts'

const KEYS = [testKey('runner'), testKey('reader', { rights: ['run', 'read-runs'] })]
const READER = { Authorization: 'Bearer reader' }

let log: TestRunLog
beforeEach(async () => {
  log = await testRunLog()
})
afterEach(() => log.remove())

function app(settings: Record<string, string> = {}, keys = KEYS) {
  return testApp({ keys, settings, runLog: log.runLog })
}

const LISTS = ['/runs', '/stats']
const PATHS = ['/runs/run-1', ...LISTS]

describe('who may read it', () => {
  it.each(PATHS)('%s: a key with the right, and no other', async (path) => {
    const tested = app()
    await postRun(tested.app, undefined, READER)
    await log.written()
    const statusOf = async (headers: Record<string, string>) =>
      (await tested.app.request(path, { headers })).status
    expect(await statusOf({})).toBe(401)
    expect(await statusOf({ Authorization: 'Bearer wrong' })).toBe(401)
    // Of one run, nobody is told whether it is there.
    const isOne = path === '/runs/run-1'
    expect(await statusOf({ Authorization: 'Bearer runner' })).toBe(isOne ? 404 : 403)
    expect(await statusOf(READER)).toBe(200)
  })

  it.each(PATHS)(
    '%s: nobody where there are no keys, unless the operator says so',
    async (path) => {
      const open = app({ READ_RUNS_WITHOUT_KEY: 'on' }, [])
      await postRun(open.app)
      await log.written()
      expect((await open.app.request(path)).status).toBe(200)
      const closed = await app({}, []).app.request(path)
      expect(closed.status).toBe(path === '/runs/run-1' ? 404 : 403)
    },
  )

  it.each(LISTS)('%s: who does not pass is told how one does', async (path) => {
    const closed = await app({}, []).app.request(path)
    expect(((await closed.json()) as { error: string }).error).toContain('READ_RUNS_WITHOUT_KEY')
  })
})

describe('a run', () => {
  it('is in it, with its key, and without its code', async () => {
    const { app: tested, executor } = app()
    executor.answer = async () => outcome({ id: 'id-1', status: 'timeout', exitCode: null })
    await postRun(tested, { code: 'print("secret")' }, READER)
    await log.written()
    const answer = await tested.request('/runs/id-1', { headers: READER })
    const run = await answer.json()
    expect(run).toMatchObject({ id: 'id-1', key: 'reader', status: 'timeout', codeBytes: 15 })
    expect(JSON.stringify(run)).not.toContain('secret')
  })

  it('is in it from the page and from a stream as well', async () => {
    const { app: tested, executor } = app({ READ_RUNS_WITHOUT_KEY: 'on' }, [])
    executor.answer = async (_, { onEvent }) => {
      onEvent?.({ type: 'started' })
      return outcome({ id: `id-${executor.requests.length}` })
    }
    await postForm(tested, { code: 'x' })
    await (await postRun(tested, undefined, { Accept: 'text/event-stream' })).text()
    await log.written()
    const { runs } = (await (await tested.request('/runs')).json()) as { runs: { id: string }[] }
    expect(runs.map(({ id }) => id).sort()).toEqual(['id-1', 'id-2'])
  })

  it('that is ours is not in it', async () => {
    const { app: tested } = app({ READ_RUNS_WITHOUT_KEY: 'on' }, [])
    await tested.request('/readyz')
    await tested.request('/environments')
    await log.written()
    expect(await (await tested.request('/runs')).json()).toEqual({ runs: [], nextCursor: null })
  })

  it.each(['nothing', '%00', 'x'.repeat(65)])('that nobody knows is not found: %s', async (id) => {
    const answer = await app().app.request(`/runs/${id}`, { headers: READER })
    expect(answer.status).toBe(404)
  })
})

it.each(['/runs', '/runs/run-1', '/stats', '/runs/nothing', '/runs?limit=0'])(
  '%s is kept by no cache',
  async (path) => {
    const tested = app()
    await postRun(tested.app, undefined, READER)
    await log.written()
    const answer = await tested.app.request(path, { headers: READER })
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
  },
)

describe('statistics', () => {
  it('of the present have the run that ended just now, and end soon', async () => {
    const tested = app()
    await postRun(tested.app, undefined, READER)
    await log.written()
    const answer = await tested.app.request('/stats', { headers: READER })
    const stats = (await answer.json()) as { since: string; until: string }
    const untilMs = Date.parse(stats.until)
    expect(untilMs % 10_000).toBe(0)
    expect(untilMs - Date.parse(stats.since)).toBe(86_400_000)
    expect(Math.abs(untilMs - Date.now())).toBeLessThanOrEqual(15_000)
  })

  it('are refused as such where too many ask, and who hung up is not waited for', async () => {
    const { app: tested } = app()
    const ask = (day: number, signal?: AbortSignal) =>
      tested.request(
        new Request(`http://localhost/stats?since=2026-01-${String(day).padStart(2, '0')}`, {
          headers: READER,
          ...(signal && { signal }),
        }),
      )
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(n + 1)))
    const busy = answers.filter(({ status }) => status === 503)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20 - busy.length)
    expect(busy.length).toBeGreaterThan(0)
    expect(await busy[0]?.json()).toMatchObject({ code: 'busy' })
    expect(busy[0]?.headers.get('Retry-After')).toMatch(/^\d+$/)
    const aborted = new AbortController()
    aborted.abort()
    expect((await ask(1, aborted.signal)).status).toBe(499)
  })
})

describe('a query', () => {
  it.each([
    ['/runs?statu=ok', 'statu: unknown field'],
    ['/runs?status=good', 'status: must be one of ok, error, timeout'],
    ['/runs?limit=0', 'limit: must be at least 1'],
    ['/runs?limit=201', 'limit: must be at most 200'],
    ['/runs?limit=1e3', 'limit: must be a whole number'],
    ['/runs?since=yesterday', 'since: must be a time such as'],
    ['/runs?cursor=x', 'cursor: is not a cursor'],
    ['/runs?cursor=%00', 'cursor: must not contain a NUL character'],
    ['/runs?key=a%00b', 'key: must not contain a NUL character'],
    ['/stats?environment=%00', 'environment: must not contain a NUL character'],
    [`/runs?key=${'x'.repeat(201)}`, 'key: must be at most 200 characters'],
    ['/stats?limit=1', 'limit: unknown field'],
    ['/stats?since=2026-02-01&until=2026-01-01', 'since: must be before until'],
  ])('%s is refused by name', async (path, error) => {
    const answer = await app().app.request(path, { headers: READER })
    expect(answer.status).toBe(400)
    expect(((await answer.json()) as { error: string }).error).toContain(error)
  })

  it.each([
    '/runs?status=ok&limit=200&since=2026-01-31&until=2099-01-31T12:00:00%2B01:00&key=a',
    '/stats?environment=python',
  ])('%s is answered', async (path) => {
    expect((await app().app.request(path, { headers: READER })).status).toBe(200)
  })
})

it('a database that is away is told as such, and runs go on', async () => {
  const broken = await testRunLog({ DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' })
  try {
    const { app: tested } = testApp({ keys: KEYS, runLog: broken.runLog })
    expect((await postRun(tested, undefined, READER)).status).toBe(200)
    const answer = await tested.request('/runs', { headers: READER })
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ code: 'unavailable' })
    expect(answer.headers.get('Retry-After')).toBe('5')
  } finally {
    await broken.remove()
  }
})
