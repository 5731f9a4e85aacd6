// The page of the run log: signing in, what it shows, and that what a program left there is only text.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { outcome, postForm, postRun, testApp, testKey } from '../support/app.ts'
import { type TestRunLog, testRunLog } from '../support/run-log.ts'

const KEYS = [testKey('runner'), testKey('reader;"ü', { rights: ['run', 'read-runs'] })]
const READER = 'reader;"ü'

let log: TestRunLog
beforeEach(async () => {
  log = await testRunLog({ RUN_LOG_CODE: 'on' })
})
afterEach(() => log.remove())

function app(keys = KEYS, settings: Record<string, string> = {}) {
  return testApp({ keys, settings, runLog: log.runLog })
}

type App = ReturnType<typeof app>['app']

function signIn(tested: App, key: string, headers: Record<string, string> = {}) {
  return postForm(tested, { key }, headers, '/ui/runs')
}

async function page(tested: App, path: string, cookie?: string) {
  const response = await tested.request(path, { headers: cookie ? { Cookie: cookie } : {} })
  return { status: response.status, html: await response.text(), headers: response.headers }
}

/** The cookie of an answer, as a browser sends it back. */
const cookieOf = (response: Response) => response.headers.get('Set-Cookie')?.split(';')[0] ?? ''

describe('signing in', () => {
  it('is asked for', async () => {
    const { status, html } = await page(app().app, '/ui/runs')
    expect(status).toBe(401)
    expect(html).toContain('This page requires a key.')
    expect(html).toContain('name="key"')
    expect(html).not.toContain('<table')
  })

  it('with a key that has the right opens the page, in a cookie for nobody else', async () => {
    const { app: tested } = app()
    const answer = await signIn(tested, READER)
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, 'runs'])
    expect(answer.headers.get('Set-Cookie')).toMatch(/=[^;]+; HttpOnly; SameSite=Strict$/)
    const { status, headers } = await page(tested, '/ui/runs', cookieOf(answer))
    expect(status).toBe(200)
    expect(headers.get('Cache-Control')).toBe('no-store')
  })

  it('with what is too long to be a key is refused, and sets no cookie', async () => {
    expect((await signIn(app().app, 'k'.repeat(1024))).status).toBe(303)
    const answer = await signIn(app().app, 'k'.repeat(1025))
    expect([answer.status, answer.headers.get('Set-Cookie')]).toEqual([400, null])
    expect(await answer.text()).toContain('key: must be at most 1024 characters')
  })

  it('behind TLS makes a cookie for TLS alone', async () => {
    const answer = await signIn(app().app, READER, { 'X-Forwarded-Proto': 'https' })
    expect(answer.headers.get('Set-Cookie')).toMatch(/; Secure$/)
  })

  it.each([
    ['wrong', 401, 'This key is not known.'],
    ['runner', 403, 'This key does not have the right read-runs'],
  ])('with the key "%s" opens nothing', async (key, status, said) => {
    const { app: tested } = app()
    const shown = await page(tested, '/ui/runs', cookieOf(await signIn(tested, key)))
    expect(shown.status).toBe(status)
    expect(shown.html).toContain(said)
    expect(shown.html).toContain('Sign out')
  })

  it('ends when one signs out', async () => {
    const answer = await signIn(app().app, '')
    expect(answer.headers.get('Set-Cookie')).toMatch(/^[\w-]+=; Max-Age=0;/)
  })

  it('from another site is refused', async () => {
    const answer = await signIn(app().app, READER, { Origin: 'http://evil.example' })
    expect(answer.status).toBe(403)
    expect(answer.headers.get('Set-Cookie')).toBeNull()
  })

  it('is a matter of this page: its cookie runs nothing', async () => {
    const { app: tested } = app()
    const cookie = cookieOf(await signIn(tested, READER))
    expect((await postRun(tested, undefined, { Cookie: cookie })).status).toBe(401)
  })
})

describe('the page', () => {
  const open = () => app([], { READ_RUNS_WITHOUT_KEY: 'on' })

  it('is closed where there are no keys', async () => {
    const { status, html } = await page(app([]).app, '/ui/runs')
    expect(status).toBe(403)
    expect(html).toContain('READ_RUNS_WITHOUT_KEY=on')
  })

  it('shows runs, filtered, with counts and a chart', async () => {
    const { app: tested, executor } = open()
    for (const status of ['ok', 'ok', 'oom'] as const) {
      executor.answer = async () => outcome({ status, id: `id-${executor.requests.length}` })
      await postRun(tested)
    }
    await log.written()
    const all = await page(tested, '/ui/runs')
    expect(all.html.match(/id-\d/g)).toEqual(
      ['id-3', 'id-2', 'id-1'].filter(Boolean).sort().reverse(),
    )
    expect(all.html).toContain('<strong>3</strong> runs')
    expect(all.html).toMatch(/<svg class="chart"[^>]*aria-label="Runs over time/)
    const oom = await page(tested, '/ui/runs?status=oom&environment=&key=&since=')
    expect(oom.html.match(/id-\d/g)).toEqual(['id-3'])
    expect(oom.html).toContain('<option value="oom" selected')
  })

  it('goes on to older runs with the filters that it has', async () => {
    const { app: tested, executor } = open()
    executor.answer = async () => outcome({ id: `id-${executor.requests.length}` })
    for (let n = 0; n < 4; n += 1) await postRun(tested)
    await log.written()
    const first = await page(tested, '/ui/runs?limit=3&status=ok')
    const link = first.html.match(/href="(runs\?[^"]+)"/)?.[1]?.replaceAll('&amp;', '&')
    expect(link).toContain('status=ok')
    const second = await page(tested, `/ui/${link}`)
    expect(second.html.match(/id-\d/g)).toHaveLength(1)
  })

  it('says what is wrong with a filter, and keeps it', async () => {
    const { status, html } = await page(open().app, '/ui/runs?since=%22%3E%3Cscript%3E')
    expect(status).toBe(400)
    expect(html).toContain('since: must be a time')
    expect(html).not.toContain('<script>')
  })

  it('shows what a program left as text', async () => {
    const { app: tested, executor } = open()
    const evil = '<script>alert(1)</script><img src=x onerror=y>'
    executor.answer = async () => outcome({ output: evil, stderr: `${evil}\u202e`, error: evil })
    await postRun(tested, { code: evil })
    await log.written()
    const { html } = await page(tested, '/ui/runs')
    expect(html).not.toContain('<script')
    expect(html).not.toContain('<img')
    expect(html).toContain('&lt;script&gt;')
    expect(html).toContain('data-name="U+202E"')
  })
})
