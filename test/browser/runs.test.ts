// The page of the run log in a browser: signing in, filtering, in both colour schemes and on a telephone.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'
import { testKey } from '../unit/support/app.ts'
import { launchBrowser, openPage } from './support.ts'

const SCREENSHOTS = `${import.meta.dirname}/screenshots`
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const KEY = 'reader'

let browser: Browser
let server: Server
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runs-page-'))
  const keys = [testKey(KEY, { rights: ['run', 'read-runs'] })]
  await writeFile(join(folder, 'keys.json'), JSON.stringify({ keys }))
  await mkdir(SCREENSHOTS, { recursive: true })
  browser = await launchBrowser()
  server = await startServer({
    ...{ API_KEYS_FILE: join(folder, 'keys.json'), POOL_SIZE: '2' },
    ...{ DATABASE_URL: `file:${join(folder, 'runs.db')}`, RUN_LOG_CODE: 'on' },
  })
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${KEY}` }
  for (const code of ['print("<b>bold</b>")', '1/0', 'raise SystemExit(3)']) {
    expect((await server.post({ code }, { headers })).status).toBe(200)
  }
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await rm(folder, { recursive: true })
})

it.each([
  ['light', 1280],
  ['dark', 390],
] as const)(
  'is signed in to, read, filtered and left: %s, %i pixels',
  async (colorScheme, width) => {
    const options = { colorScheme, bypassCSP: true, viewport: { width, height: 844 } }
    const { page, problems } = await openPage(browser, `${server.url}/ui/runs`, options)
    await page.getByLabel('API key').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('This key is not known.').waitFor()
    await page.getByLabel('API key').fill(KEY)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('table').waitFor()
    expect(await page.getByRole('row').count()).toBe(1 + 3 * 2)
    expect(await page.getByText('Ended with an error: 2').count()).toBe(1)

    await page.getByText('Program and output').last().click()
    expect(await page.getByText('<b>bold</b>', { exact: true }).count()).toBe(1)
    await page.screenshot({ path: `${SCREENSHOTS}/runs-${colorScheme}.png`, fullPage: true })
    await page.addScriptTag({ path: AXE })
    const { violations } = await page.evaluate(() => Reflect.get(window, 'axe').run())
    expect(violations.map(({ id }: { id: string }) => id)).toEqual([])
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(overflow).toBe(0)

    await page.getByLabel('Status').selectOption('error')
    await page.getByRole('button', { name: 'Filter' }).click()
    await page.getByText('2 runs from').waitFor()
    expect(await page.getByText('Succeeded').count()).toBe(0)
    expect(await page.getByLabel('Status').inputValue()).toBe('error')

    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('This page requires a key.').waitFor()
    // The two that it refused are the browser's own lines about their status.
    expect(problems.filter((problem) => !/status of 401/.test(problem))).toEqual([])
    await page.context().close()
  },
)
