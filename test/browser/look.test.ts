// How the page looks and behaves for everybody: both colour schemes, narrow and wide, without a mouse, with a reader.

import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fastest } from '../support/fastest.ts'
import { type Server, startServer } from '../support/server.ts'
import { editorOf, launchBrowser, openPage, runAndWait, typeProgram } from './support.ts'

/** Where the pictures go that somebody looks at; git ignores it. */
const SCREENSHOTS = `${import.meta.dirname}/screenshots`
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const MAX_FIRST_PAINT_MS = 1000
/** What Google calls good is 0.1. */
const MAX_LAYOUT_SHIFT = 0.02

let browser: Browser
let server: Server
beforeAll(async () => {
  browser = await launchBrowser()
  server = await startServer({ ENVIRONMENTS: 'python,data', POOL_SIZE: '1' })
  await mkdir(SCREENSHOTS, { recursive: true })
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

const FAILING = `import sys
print("some output")
print("a warning", file=sys.stderr)
def divide(a, b):
    return a / b
divide(1, 0)
`

/** What axe-core finds on the page as it is now. */
async function violations(page: Page): Promise<string[]> {
  const found = await page.evaluate(() => Reflect.get(window, 'axe').run())
  return found.violations.map(
    ({ id, nodes }: { id: string; nodes: { html: string }[] }) => `${id}: ${nodes[0]?.html}`,
  )
}

describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
  it('has nothing that axe-core finds, before a run, after one, and with all panels open', async () => {
    // The policy of the page forbids axe as well.
    const options = { colorScheme, bypassCSP: true }
    const { page, problems } = await openPage(browser, `${server.url}/ui`, options)
    await editorOf(page).waitFor()
    await page.addScriptTag({ path: AXE })
    expect(await violations(page)).toEqual([])
    await typeProgram(page, FAILING)
    await runAndWait(page)
    expect(await violations(page)).toEqual([])
    await page.getByText('Input and limits').click()
    await page.getByText('Examples', { exact: true }).click()
    expect(await violations(page)).toEqual([])
    expect(problems).toEqual([])
    await page.context().close()
  })

  it.each([
    [360, 780],
    [768, 1024],
    [1440, 900],
  ])('is photographed at %i pixels', async (width, height) => {
    const { page } = await openPage(browser, `${server.url}/ui?example=plot`, {
      ...{ colorScheme, viewport: { width, height } },
    })
    await editorOf(page).waitFor()
    const shoot = (name: string) =>
      page.screenshot({ path: `${SCREENSHOTS}/${name}-${width}-${colorScheme}.png` })
    await runAndWait(page)
    await page.waitForTimeout(500) // on a narrow screen the page moves to the result
    await shoot('plot')
    await typeProgram(page, FAILING)
    await runAndWait(page)
    await page.waitForTimeout(500)
    await shoot('error')
    await page.evaluate(() => scrollTo(0, 0))
    await page.getByText('Examples', { exact: true }).click()
    await shoot('examples')
    await page.context().close()
  })
})

it('fits 320 pixels, with everything open and a long line', async () => {
  const { page } = await openPage(browser, `${server.url}/ui`, {
    viewport: { width: 320, height: 600 },
  })
  await typeProgram(page, 'print("x" * 5000)\nraise ValueError("y" * 5000)')
  await page.getByText('Input and limits').click()
  await runAndWait(page)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
  await page.getByText('Examples', { exact: true }).click()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
  await page.context().close()
})

it('is painted within a second', async () => {
  const paintMs = await fastest(MAX_FIRST_PAINT_MS, async () => {
    const { page } = await openPage(browser, `${server.url}/ui`, {
      viewport: { width: 1440, height: 900 },
    })
    await editorOf(page).waitFor()
    const paintedAtMs = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    )
    await page.context().close()
    return paintedAtMs ?? Number.POSITIVE_INFINITY
  })
  expect(paintMs).toBeLessThan(MAX_FIRST_PAINT_MS)
})

it('does not jump: not when the editor comes, not when a run ends', async () => {
  const { page } = await openPage(browser, `${server.url}/ui`, {
    viewport: { width: 1440, height: 900 },
  })
  await editorOf(page).waitFor()
  await runAndWait(page)
  const shift = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list) =>
          resolve(list.getEntries().reduce((sum, entry) => sum + Reflect.get(entry, 'value'), 0)),
        ).observe({ type: 'layout-shift', buffered: true })
        setTimeout(resolve, 500, 0)
      }),
  )
  expect(shift).toBeLessThan(MAX_LAYOUT_SHIFT)
  await page.context().close()
})

it('is used with the keyboard alone, in the order of reading', async () => {
  const { page } = await openPage(browser, `${server.url}/ui`)
  await editorOf(page).waitFor()
  const order: string[] = []
  for (let i = 0; i < 10; i += 1) {
    await page.keyboard.press('Tab')
    const id = await page.evaluate(() => {
      const { activeElement } = document
      return activeElement?.id || activeElement?.textContent?.trim() || ''
    })
    order.push(id)
    if (id === 'code-editor') await page.keyboard.press('Escape')
  }
  expect(order).toEqual([
    ...['Skip to the result', 'Editor', 'API', 'Examples', 'code-editor', 'run', 'share'],
    ...['Input and limits', 'copy', 'console'],
  ])
  await page.context().close()
})
