// The page in a real browser, with no script at all, against a real engine.

import { execa } from 'execa'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { EXAMPLES } from '../../src/ui/examples.ts'
import { type Server, startServer } from '../support/server.ts'

const KEY = 'correct-horse'

let browser: Browser
let context: BrowserContext
let page: Page
let server: Server

beforeAll(async () => {
  const executablePath = process.env.CHROMIUM ?? (await execa('which', ['chromium'])).stdout
  browser = await chromium.launch({
    executablePath,
    // Root may not use the browser's own sandbox; and nothing here is fetched from elsewhere.
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync', '--no-first-run'],
    ],
  })
  server = await startServer()
})
afterAll(async () => {
  await browser.close()
  await server.stop()
})
beforeEach(async () => {
  context = await browser.newContext({ javaScriptEnabled: false })
  page = await context.newPage()
})
afterEach(() => context.close())

/** Types a program and runs it. */
async function runProgram(code: string): Promise<void> {
  await page.goto(`${server.url}/ui`)
  await page.getByLabel('Program').fill(code)
  await page.getByRole('button', { name: 'Run' }).click()
}

describe('without JavaScript', () => {
  it('runs what was typed, and keeps it in the text area', async () => {
    const code = 'import sys\nprint("  two", "words")\nprint("error", file=sys.stderr)\n'
    await runProgram(code)
    expect(await page.locator('#output').textContent()).toBe('  two words')
    expect(await page.locator('#stderr').textContent()).toBe('error\n')
    expect(await page.getByLabel('Program').inputValue()).toBe(code)
    expect(await page.locator('#error').count()).toBe(0)
  })

  it('shows the error apart from the output', async () => {
    await runProgram('print("before")\nprint(x)')
    expect(await page.locator('#output').textContent()).toBe('before')
    expect(await page.locator('#error').textContent()).toBe("NameError: name 'x' is not defined")
  })

  it('shows markup as text', async () => {
    const markup = '<img src=x onerror=alert(1)></pre><script>alert(2)</script>'
    await runProgram(
      `print(${JSON.stringify(markup)})\nraise ValueError(${JSON.stringify(markup)})`,
    )
    expect(await page.locator('#output').textContent()).toBe(markup)
    expect(await page.locator('#error').textContent()).toBe(`ValueError: ${markup}`)
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.locator('script').count()).toBe(0)
  })

  it('keeps leading newlines of program and output', async () => {
    const code = '\n\nprint("\\n\\nx")'
    await runProgram(code)
    expect(await page.locator('#output').textContent()).toBe('\n\nx')
    expect(await page.getByLabel('Program').inputValue()).toBe(code)
  })

  it('refuses a blank program without losing the page', async () => {
    await runProgram('   ')
    expect(await page.getByRole('alert').textContent()).toBe('code: must not be blank')
  })

  it('offers every example in the menu, and each does what it is there to show', async () => {
    const ends: Record<string, RegExp> = {
      hello: /^ok/,
      'infinite-loop': /^timeout/,
      'memory-bomb': /^oom/,
      network: /^error/,
      passwd: /^ok/,
      'write-tmp': /^ok/,
      'write-image': /^error/,
    }
    for (const { id, title, code } of EXAMPLES) {
      await page.goto(`${server.url}/`)
      await page.getByRole('navigation').getByRole('link', { name: title }).click()
      expect(await page.getByLabel('Program').inputValue()).toBe(code)
      await page.getByRole('button', { name: 'Run' }).click()
      expect(await page.locator('.facts').textContent()).toMatch(ends[id] ?? /no such example/)
    }
  })

  it('asks for a key where keys are configured', async () => {
    const guarded = await startServer({ API_KEYS: KEY, POOL_SIZE: '0' })
    try {
      await page.goto(`${guarded.url}/ui`)
      await page.getByLabel('Program').fill('print(1)')
      await page.getByRole('button', { name: 'Run' }).click()
      expect(await page.getByRole('alert').textContent()).toBe('A valid API key is required')
      expect(await page.getByLabel('Program').inputValue()).toBe('print(1)')
      await page.getByLabel('API key').fill(KEY)
      await page.getByRole('button', { name: 'Run' }).click()
      expect(await page.locator('#output').textContent()).toBe('1')
    } finally {
      await guarded.stop()
    }
  })

  it('fits a narrow screen', async () => {
    await page.setViewportSize({ width: 360, height: 700 })
    await runProgram(`print("x" * 500)`)
    const { width } = (await page.locator('html').boundingBox()) ?? { width: 0 }
    expect(width).toBe(360)
    const output = await page.locator('#output').boundingBox()
    expect((output?.x ?? 0) + (output?.width ?? 999)).toBeLessThanOrEqual(360)
  })
})
