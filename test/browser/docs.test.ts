// The API's documentation in a browser: nothing from elsewhere, nothing that its own policy forbids, and it works.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'
import { launchBrowser, openPage } from './support.ts'

let server: Server
let browser: Browser
beforeAll(async () => {
  server = await startServer({ POOL_SIZE: '1' })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

it('shows the API offline under its policy, and sends a program from the page', async () => {
  const { page, problems } = await openPage(browser, `${server.url}/docs`)
  await page.click('#operations-run-run .opblock-summary-control')
  await page.click('text=Try it out')
  await page.click('button.execute')
  const answer = page.locator('.live-responses-table tbody .response-col_description').first()
  await answer.waitFor()
  expect(await answer.textContent()).toContain('"output": "4"')
  expect(problems).toEqual([])
})
