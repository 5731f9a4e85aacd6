// Chromium, and pages of which every complaint and every request to elsewhere is written down.

import { execa } from 'execa'
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core'

/** Starts it; `args` are further ones of its command line. */
export async function launchBrowser(args: readonly string[] = []): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? (await execa('which', ['chromium'])).stdout
  return chromium.launch({
    executablePath,
    // Root may not use the browser's own sandbox; and nothing here is fetched from elsewhere.
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync', '--no-first-run'],
      ...args,
    ],
  })
}

/** A page with the editor, and what is wrong with it: empty at the end of a good test. */
export interface Watched {
  page: Page
  problems: string[]
}

/** Opens a page of a server in a context of its own. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('request', (request) => {
    const address = request.url()
    if (!address.startsWith(new URL(url).origin) && !address.startsWith('data:')) {
      problems.push(`a request to ${address}`)
    }
  })
  await page.goto(url)
  return { page, problems }
}

/** The editor, once it is there. */
export function editorOf(page: Page): Locator {
  return page.getByRole('textbox', { name: 'Program' })
}

/** Puts a program into the editor. */
export async function typeProgram(page: Page, code: string): Promise<void> {
  await editorOf(page).fill(code)
}

/** Runs what stands in the form and waits for its end; the words of the end. */
export async function runAndWait(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Run' }).click()
  return endOf(page)
}

/** Waits for the end of the run that goes on; its words. */
export async function endOf(page: Page): Promise<string> {
  await page.locator('#run[aria-disabled="false"]').waitFor({ timeout: 20_000 })
  return (await page.locator('#end').innerText()).replaceAll(/\s+/g, ' ')
}
