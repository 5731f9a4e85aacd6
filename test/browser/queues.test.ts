// The page of the queues in a browser: signing in, looking, signing out, in both colour schemes and on a telephone.

import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'
import { redisService, type Service } from '../support/services.ts'
import { type StubProcess, startStub } from '../support/stub-process.ts'
import { testKey } from '../unit/support/app.ts'
import { launchBrowser, openPage } from './support.ts'

const SCREENSHOTS = `${import.meta.dirname}/screenshots`
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const SECRET = 'SECRET_OF_A_PROGRAM'
/** The browser's own lines about the status of an answer. */
const STATUS_LINE = /status of 40[13]/

let browser: Browser
let redis: Service
let worker: StubProcess
let server: Server
let folder: string
let runs: { id: string }[]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queues-page-'))
  const keys = [testKey('runner'), testKey('admin', { rights: ['admin-queues'] })]
  await writeFile(join(folder, 'keys.json'), JSON.stringify({ keys }))
  await mkdir(SCREENSHOTS, { recursive: true })
  ;[browser, redis] = await Promise.all([launchBrowser(), redisService()])
  const prefix = `test-${randomUUID().slice(0, 8)}`
  worker = await startStub(redis.url, prefix, { STUB_SLOTS: '2' })
  server = await startServer({
    ...{ EXECUTOR: 'queue', REDIS_URL: redis.url, QUEUE_PREFIX: prefix },
    ...{ API_KEYS_FILE: join(folder, 'keys.json'), ENVIRONMENTS: 'python' },
  })
  const submit = async (code: string) => {
    const response = await fetch(`${server.url}/runs`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: 'Bearer runner' },
      body: JSON.stringify({ code }),
    })
    expect(response.status).toBe(202)
    return (await response.json()) as { id: string }
  }
  const short = Array.from({ length: 5 }, () => submit(`# ${SECRET}`))
  runs = await Promise.all(short)
  const ended = () => worker.told.filter(({ what }) => what === 'end').length
  await eventually('five have ended', 10_000, async () => ended() === 5)
  for (let n = 0; n < 6; n += 1) await submit(`# ${SECRET}\n# ms: 120000`)
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await worker?.kill('SIGKILL')
  await redis?.remove()
  await rm(folder, { recursive: true })
})

async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('API key').fill(key)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** What all buttons of a page are called, and all entries of its menus. */
async function offers(page: Page): Promise<string> {
  const words = async (role: 'button' | 'menuitem') =>
    page
      .getByRole(role)
      .evaluateAll((all) =>
        all.map((one) => [one.ariaLabel, one.textContent, one.getAttribute('title')].join(' ')),
      )
  const all = await words('button')
  const menus = page.locator('[aria-haspopup=menu]:visible')
  for (let index = 0; index < (await menus.count()); index += 1) {
    await menus.nth(index).click()
    await page.getByRole('menu').waitFor()
    all.push(...(await words('menuitem')))
    await page.keyboard.press('Escape')
    await page.getByRole('menu').waitFor({ state: 'detached' })
  }
  return all.join('\n')
}

it.each([
  ['light', 1280],
  ['light', 390],
  ['dark', 1280],
  ['dark', 390],
] as const)('is signed in to, looked at and left: %s, %i pixels', async (colorScheme, width) => {
  const viewport = { width, height: 844 }
  const { page, problems } = await openPage(browser, `${server.url}/admin/queues/`, {
    ...{ colorScheme, viewport },
  })
  const screenshot = (name: string) =>
    page.screenshot({ path: `${SCREENSHOTS}/queues-${name}-${colorScheme}-${width}.png` })
  await page.getByText('This page requires a key.').waitFor()
  await screenshot('sign-in')
  await signIn(page, 'runner')
  await page.getByText('This key does not have the right admin-queues').waitFor()
  await screenshot('refused')
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  expect(overflow).toBe(0)
  await signIn(page, 'admin')

  await page.getByText('11 Jobs').waitFor()
  await screenshot('all')
  expect(await offers(page)).not.toMatch(CHANGES)
  await page.goto(`${server.url}/admin/queues/queue/runs-python?status=completed`)
  await page
    .getByText(runs[0]?.id ?? '')
    .first()
    .waitFor()
  await screenshot('completed')
  const text = await page.evaluate(() => document.documentElement.outerHTML)
  expect(text).not.toContain(SECRET)
  expect(await offers(page)).not.toMatch(CHANGES)

  await page.locator('header [aria-haspopup=menu]').first().click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByText('This page requires a key.').waitFor()
  expect(problems.filter((problem) => !STATUS_LINE.test(problem))).toEqual([])
  await page.context().close()
})

/** What a button would be called that does something to a queue. */
const CHANGES =
  /\b(pause|resume|retry|clean|empty|obliterate|promote|delete|remove|add|edit|duplicate)\b/i

it('has a page in front that axe finds nothing wrong with', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const options = { colorScheme, bypassCSP: true }
    const { page } = await openPage(browser, `${server.url}/admin/queues`, options)
    await page.addScriptTag({ path: AXE })
    const { violations } = await page.evaluate(() => Reflect.get(window, 'axe').run())
    expect(violations.map(({ id }: { id: string }) => id)).toEqual([])
    await page.context().close()
  }
})
