// Pages of a name that leads to this machine, in a real browser: they can't use a server here that asks for no keys.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'
import { editorOf, launchBrowser, runAndWait, typeProgram } from './support.ts'

const EVIL = 'evil.example'

let browser: Browser
let server: Server
beforeAll(async () => {
  browser = await launchBrowser([
    `--host-resolver-rules=MAP ${EVIL} 127.0.0.1`,
    // Newer browsers let no page from elsewhere send anything to loopback; this is one that does.
    '--disable-features=BlockInsecurePrivateNetworkRequests,LocalNetworkAccessChecks',
  ])
  server = await startServer({ POOL_SIZE: '1' })
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

const under = (host: string, { url }: Server) => `http://${host}:${new URL(url).port}`

/** A page that its owner sent before the name led here: the server's policy does not bind it. */
async function attackersPage(origin: string): Promise<Page> {
  const page = await browser.newPage()
  const contentType = 'text/html'
  await page.route(`${origin}/attack`, (route) => route.fulfill({ contentType, body: '<p>hello' }))
  await page.goto(`${origin}/attack`)
  return page
}

/** What its script reads of the server: it is of the same origin, so it may read everything. */
function attack(page: Page, path: string, init: RequestInit = {}) {
  return page.evaluate(
    async ([path, init]) => {
      const response = await fetch(path, init)
      return { status: response.status, text: await response.text() }
    },
    [path, init] as const,
  )
}

const program = (code: string) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ code }),
})

it('such a page gets no program run, and nothing to read', async () => {
  const page = await attackersPage(under(EVIL, server))
  const form = { method: 'POST', body: new URLSearchParams({ code: 'print(6 * 7)' }).toString() }
  const type = { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }
  for (const [path, init] of [
    ['/run', program('print(6 * 7)')],
    ['/runs', program('print(6 * 7)')],
    ['/ui', { ...form, ...type }],
    ...['/ui', '/metrics', '/environments', '/stats', '/openapi.json'].map((path) => [path, {}]),
    ['/runs/x', { method: 'DELETE' }],
  ] as [string, RequestInit][]) {
    const { status, text } = await attack(page, path, init)
    expect([status, JSON.parse(text).code], path).toEqual([421, 'misdirected_request'])
  }
  await page.close()
  expect(server.log.join('\n')).not.toContain('"runStatus"')
})

it('nobody sees the editor under such a name, but what to set', async () => {
  const page = await browser.newPage()
  const answer = await page.goto(`${under(EVIL, server)}/ui`)
  expect(answer?.status()).toBe(421)
  expect(await page.locator('body').innerText()).toContain('ALLOWED_HOSTS')
  expect(await editorOf(page).count()).toBe(0)
  await page.close()
})

it('the page works under the names that are nobody else’s', async () => {
  for (const host of ['localhost', 'a.localhost', '127.1']) {
    const page = await browser.newPage()
    await page.goto(`${under(host, server)}/ui`)
    await typeProgram(page, 'print(6 * 7)')
    expect(await runAndWait(page), host).toContain('Succeeded')
    await page.close()
  }
})

it('and under one that the operator named, with all that its pages may do', async () => {
  const named = await startServer({ POOL_SIZE: '1', ALLOWED_HOSTS: EVIL })
  try {
    const origin = under(EVIL, named)
    const page = await browser.newPage()
    await page.goto(`${origin}/ui`)
    await editorOf(page).waitFor()
    expect(await runAndWait(page)).toContain('Succeeded')
    await page.close()
    const { status, text } = await attack(await attackersPage(origin), '/run', program('print(42)'))
    expect([status, JSON.parse(text).output]).toEqual([200, '42'])
  } finally {
    await named.stop()
  }
})
