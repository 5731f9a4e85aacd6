// The page in a real browser that runs no script, against a real engine.

import { readFile } from 'node:fs/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { EXAMPLES } from '../../src/ui/examples.ts'
import { type Server, startServer } from '../support/server.ts'
import { launchBrowser } from './support.ts'

const KEY = 'correct-horse'

let browser: Browser
let context: BrowserContext
let page: Page
let server: Server

beforeAll(async () => {
  browser = await launchBrowser()
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

  it('shows a hint after the error', async () => {
    await runProgram('import numpy')
    const error = await page.locator('#error').textContent()
    expect(error).toBe("ModuleNotFoundError: No module named 'numpy'")
    expect(await page.locator('#hint').textContent()).toMatch(/^Nothing can be installed/)
    await runProgram('print(1)')
    expect(await page.locator('#hint').count()).toBe(0)
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
    expect(await page.locator('script:not([src])').count()).toBe(0)
  })

  it('keeps leading newlines of program and output', async () => {
    const code = '\n\nprint("\\n\\nx")'
    await runProgram(code)
    expect(await page.locator('#output').textContent()).toBe('\n\nx')
    expect(await page.getByLabel('Program').inputValue()).toBe(code)
  })

  it('refuses a blank program without losing the page', async () => {
    await runProgram('   ')
    expect(await page.getByRole('alert').textContent()).toContain('Write a program first.')
  })

  it('offers every example in the menu, with all that it needs', async () => {
    const offered = EXAMPLES.filter(({ environment }) => environment === undefined)
    for (const { title, code, stdin, outputFiles } of offered) {
      await page.goto(`${server.url}/`)
      await page.getByText('Examples', { exact: true }).click()
      await page.getByRole('link', { name: title, exact: true }).click()
      expect(await page.getByLabel('Program').inputValue()).toBe(code)
      expect(await page.locator('#stdin').inputValue()).toBe(stdin ?? '')
      expect(await page.locator('#outputFiles').inputValue()).toBe((outputFiles ?? []).join('\n'))
    }
  })

  it('takes files, input and limits, and offers the files that come back', async () => {
    await page.goto(`${server.url}/ui`)
    const code =
      'import sys\nopen("out.txt", "w").write(open("in.txt").read() + input() + sys.argv[1])'
    await page.getByLabel('Program').fill(code)
    await page.getByText('Input and limits').click()
    await page.getByLabel('Standard input').fill(' and')
    await page.getByLabel('Arguments').fill(' out')
    await page.getByLabel('Output files').fill('*.txt')
    await page
      .getByLabel('Input files')
      .setInputFiles([{ name: 'in.txt', mimeType: 'text/plain', buffer: Buffer.from('in') }])
    await page.getByRole('button', { name: 'Run' }).click()
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'out.txt' }).click()
    expect(await readFile(await (await download).path(), 'utf8')).toBe('in and out')
    expect(await page.getByLabel('Arguments').inputValue(), 'stays for the next run').toBe(' out')
  })

  it.each([
    ['while True: pass', 'Execution timed out after 1 second timeout'],
    ['import os; os.abort()', 'Killed by SIGABRT killed'],
    ['print("x" * 2_000_000)', 'Output limit of 1 MB exceeded output_limit'],
  ])('tells how a program ended: %s', async (code, words) => {
    await page.goto(`${server.url}/ui`)
    await page.getByLabel('Program').fill(code)
    await page.getByText('Input and limits').click()
    await page.getByLabel('Time limit').fill('1')
    await page.getByRole('button', { name: 'Run' }).click()
    expect((await page.locator('#end').innerText()).replaceAll(/\s+/g, ' ')).toContain(words)
  })

  it('asks for a key where keys are configured', async () => {
    const guarded = await startServer({ API_KEYS: KEY, POOL_SIZE: '0' })
    try {
      await page.goto(`${guarded.url}/ui`)
      await page.getByLabel('Program').fill('print(1)')
      await page.getByRole('button', { name: 'Run' }).click()
      expect(await page.getByRole('alert').textContent()).toContain('A valid API key is required')
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
