// The API's documentation in a browser: nothing from elsewhere, nothing that its own policy forbids, and it works.

import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'

let server: Server
let browser: Browser
beforeAll(async () => {
  server = await startServer({ POOL_SIZE: '1' })
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  })
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

it('shows the API offline under its policy, and sends a program from the page', async () => {
  const page = await browser.newPage()
  const problems: string[] = []
  const elsewhere: string[] = []
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(server.url) && !url.startsWith('data:')) elsewhere.push(url)
  })
  await page.goto(`${server.url}/docs`)
  await page.click('#operations-run-run .opblock-summary-control')
  await page.click('text=Try it out')
  await page.click('button.execute')
  const answer = page.locator('.live-responses-table tbody .response-col_description').first()
  await answer.waitFor()
  expect(await answer.textContent()).toContain('"output": "4"')
  expect(problems).toEqual([])
  expect(elsewhere).toEqual([])
})
