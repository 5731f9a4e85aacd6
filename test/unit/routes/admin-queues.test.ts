// /admin/queues: who is let in, what is said to others, and that the page loads nothing from elsewhere.

import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { queueBoard } from '../../../src/queue/board.ts'
import { postForm, postRun, testApp, testKey } from '../support/app.ts'

const KEYS = [testKey('runner'), testKey('admin', { rights: ['admin-queues'] })]

/** No Redis is asked for what is tested here. */
let redis: Redis
let queue: Queue
beforeAll(() => {
  redis = new Redis({ lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null })
  redis.on('error', () => {})
  queue = new Queue('runs-python', { connection: redis })
  queue.on('error', () => {})
})
afterAll(() => redis.disconnect())

function app(keys = KEYS) {
  return testApp({ keys, board: (options) => queueBoard([queue], options) }).app
}

type App = ReturnType<typeof app>

function signIn(tested: App, key: string, headers: Record<string, string> = {}) {
  return postForm(tested, { key }, headers, '/admin/queues')
}

async function get(tested: App, path: string, cookie = '', headers: Record<string, string> = {}) {
  const response = await tested.request(path, { headers: { ...headers, Cookie: cookie } })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** The cookie of an answer, as a browser sends it back. */
const cookieOf = (response: Response) => response.headers.get('Set-Cookie')?.split(';')[0] ?? ''

describe('signing in', () => {
  it('is asked for', async () => {
    const { status, text, headers } = await get(app(), '/admin/queues')
    expect(status).toBe(401)
    expect(text).toContain('This page requires a key.')
    expect(text).toContain('<form method="post" action="queues"')
    expect(text).not.toContain('Sign out')
    expect(headers.get('Cache-Control')).toBe('no-store')
  })

  it('with a key that has the right opens the page, in a cookie for nobody else', async () => {
    const tested = app()
    const answer = await signIn(tested, 'admin')
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, 'queues'])
    expect(answer.headers.get('Set-Cookie')).toMatch(/=[^;]+; HttpOnly; SameSite=Strict$/)
    const { status, headers } = await get(tested, '/admin/queues', cookieOf(answer))
    expect([status, headers.get('Cache-Control')]).toEqual([200, 'no-store'])
  })

  it('behind TLS makes a cookie for TLS alone', async () => {
    const answer = await signIn(app(), 'admin', { 'X-Forwarded-Proto': 'https' })
    expect(answer.headers.get('Set-Cookie')).toMatch(/; Secure$/)
  })

  it.each([
    ['wrong', 401, 'This key is not known.'],
    ['runner', 403, 'This key does not have the right admin-queues'],
  ])('with the key "%s" opens nothing', async (key, status, said) => {
    const tested = app()
    const shown = await get(tested, '/admin/queues', cookieOf(await signIn(tested, key)))
    expect(shown.status).toBe(status)
    expect(shown.text).toContain(said)
    expect(shown.text).toContain('Sign out')
  })

  it('from another site is refused', async () => {
    const answer = await signIn(app(), 'admin', { Origin: 'http://evil.example' })
    expect([answer.status, answer.headers.get('Set-Cookie')]).toEqual([403, null])
  })

  it('is a matter of this page: its cookie runs nothing', async () => {
    const tested = app()
    const cookie = cookieOf(await signIn(tested, 'admin'))
    expect((await postRun(tested, undefined, { Cookie: cookie })).status).toBe(401)
  })

  it('ends with a link of the page', async () => {
    const { status, headers } = await get(app(), '/admin/queues?sign-out')
    expect([status, headers.get('Location')]).toEqual([302, 'queues'])
    expect(headers.get('Set-Cookie')).toMatch(/^[\w-]+=; Max-Age=0;/)
  })

  it('is not ended by another site', async () => {
    const elsewhere = { 'Sec-Fetch-Site': 'cross-site' }
    const { status, headers } = await get(app(), '/admin/queues?sign-out', '', elsewhere)
    expect([status, headers.get('Set-Cookie')]).toEqual([403, null])
  })
})

it('is closed where there are no keys, and asks for none', async () => {
  const { status, text } = await get(app([]), '/admin/queues')
  expect(status).toBe(403)
  expect(text).toContain('this server has no keys')
  expect(text).not.toContain('<form')
})

it('is not there without a queue', async () => {
  const { app: tested } = testApp({ keys: KEYS })
  for (const path of ['/admin/queues', '/admin/queues/', '/admin/queues/api/queues']) {
    expect(await get(tested, path)).toMatchObject({ status: 404 })
  }
})

describe('who did not sign in', () => {
  it.each(['/admin/queues/api/queues', '/admin/queues/static/js/main.js'])(
    'gets no page for what the page asks for: %s',
    async (path) => {
      const { status, text } = await get(app(), path)
      expect(status).toBe(401)
      expect(JSON.parse(text)).toMatchObject({ code: 'unauthorized' })
    },
  )

  it.each([
    ['/admin/queues/', '../queues'],
    ['/admin/queues/?status=active', '../queues?status=active'],
    ['/admin/queues/queue/runs-python', '/admin/queues'],
  ])('is led from %s to the form', async (path, location) => {
    const { status, headers } = await get(app(), path)
    expect([status, headers.get('Location')]).toEqual([302, location])
  })
})

describe('the page', () => {
  const cookie = 'safe-code-executor-key=admin'

  it('has nothing that its Content-Security-Policy would stop', async () => {
    const { text, headers } = await get(app(), '/admin/queues', cookie)
    expect(headers.get('Content-Security-Policy')).toContain("style-src 'self';")
    expect(text).toContain('<div id="root"></div>')
    expect(text).not.toMatch(/https?:\/\/|<style|style="/)
  })

  it('finds all its files', async () => {
    const tested = app()
    const { text } = await get(tested, '/admin/queues', cookie)
    const files = [...text.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, file]) => file)
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) {
      expect(await get(tested, `/admin/queues/${file}`, cookie), file).toMatchObject({
        status: 200,
      })
    }
  })

  it.each([
    ['PUT', 'api/queues/pause'],
    ['PUT', 'api/queues/runs-python/empty'],
    ['PUT', 'api/queues/runs-python/obliterate'],
    ['PUT', 'api/queues/runs-python/1/clean'],
    ['POST', 'api/queues/runs-python/add'],
    ['PATCH', 'api/queues/runs-python/1/update-data'],
  ])('changes nothing: %s %s', async (method, path) => {
    const response = await app().request(`/admin/queues/${path}`, {
      ...{ method, body: '{}' },
      headers: { Cookie: cookie, 'Content-Type': 'application/json' },
    })
    expect([response.status, response.headers.get('Allow')]).toEqual([405, 'GET'])
  })
})
