// The page with its script, in a real browser against a real engine.

import { readFile } from 'node:fs/promises'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { EXAMPLES } from '../../src/ui/examples.ts'
import { type Server, startServer } from '../support/server.ts'
import {
  editorOf,
  endOf,
  launchBrowser,
  openPage,
  runAndWait,
  typeProgram,
  type Watched,
} from './support.ts'

let browser: Browser
let server: Server
let watched: Watched
let page: Page

beforeAll(async () => {
  browser = await launchBrowser()
  server = await startServer({ ENVIRONMENTS: 'python,data', POOL_SIZE: '1' })
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

/** Opens another page in the place of the one that there is. */
async function open(url: string, options: BrowserContextOptions = {}): Promise<void> {
  if (page) expect(watched.problems, 'of the page before').toEqual([])
  await page?.context().close()
  watched = await openPage(browser, url, options)
  page = watched.page
  await editorOf(page).waitFor()
}

beforeEach(() => open(`${server.url}/ui`))
afterEach(async () => {
  await page.context().close()
  expect(watched.problems).toEqual([])
})

const blocks = () =>
  page
    .locator('#console pre')
    .evaluateAll((all) => all.map((one) => [one.className, one.textContent]))

describe('how a program ends', () => {
  it.each([
    ['print(2 + 2)', '✓ Succeeded ok Exit code 0'],
    ['raise SystemExit(3)', '✗ Ended with an error error Exited with code 3 Exit code 3'],
    ['while True: pass', '⧗ Execution timed out after 1 second timeout'],
    ['while True: print("x" * 9999)', '≡ Output limit of 1 MB exceeded output_limit'],
    ['import os; os.abort()', '⊘ Killed by SIGABRT killed Signal SIGABRT'],
    [
      'blocks = []\nwhile True: blocks.append(bytearray(2**20))',
      '▲ Container killed by memory limit (128 MB) oom',
    ],
  ])('is told in words, with a sign and facts: %s', async (code, words) => {
    await typeProgram(page, code)
    if (words.includes('1 second')) {
      await page.getByText('Input and limits').click()
      await page.getByLabel('Time limit').fill('1')
    }
    const end = await runAndWait(page)
    expect(end).toContain(words)
    expect(end).toMatch(/ Time [\d.]+ m?s CPU [\d.]+ m?s Memory [\d.]+ of 128 MB/)
  })

  it('is announced, and a traceback leads to its lines', async () => {
    await typeProgram(page, 'def f(x):\n    return 1 / x\n\nf(0)\n')
    expect(await runAndWait(page)).toContain('ZeroDivisionError: division by zero')
    expect(await page.locator('#end').getAttribute('role')).toBe('status')
    await page.getByRole('link', { name: 'File "main.py", line 2' }).click()
    expect(await page.evaluate(() => String(getSelection()))).toBe('    return 1 / x')
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('code-editor')
  })
})

describe('a program that runs', () => {
  it('shows its output as it comes, both streams apart and in order', async () => {
    await typeProgram(
      page,
      `import sys, time
for text, file in [("one\\n", sys.stdout), ("two\\n", sys.stderr), ("thr", sys.stdout), ("ee\\n", sys.stdout)]:
    print(text, end="", file=file, flush=True)
    time.sleep(0.3)
time.sleep(1)
print("end")`,
    )
    await page.getByRole('button', { name: 'Run' }).click()
    await page.getByText('three').waitFor()
    expect(await page.locator('#run').getAttribute('aria-disabled'), 'still runs').toBe('true')
    expect(await page.locator('#elapsed-text').textContent()).toMatch(/^[\d.]+ s of 10 s$/)
    await endOf(page)
    expect(await blocks()).toEqual([
      ['stdout', 'one\n'],
      ['stderr', 'two\n'],
      ['stdout', 'three\nend\n'],
    ])
  })

  it('is stopped on the server too', async () => {
    const narrow = await startServer({
      MAX_RUNNING: '1',
      MAX_WAIT_SECONDS: '0.001',
      POOL_SIZE: '1',
    })
    try {
      await open(`${narrow.url}/ui`)
      await typeProgram(page, 'import time\nprint("on", flush=True)\nwhile True: time.sleep(1)')
      await page.getByRole('button', { name: 'Run' }).click()
      await page.getByText('on', { exact: true }).waitFor()
      expect((await narrow.post({ code: 'print(1)' })).status, 'the place is taken').toBe(503)
      await page.getByRole('button', { name: 'Stop' }).click()
      expect(await endOf(page)).toMatch(/Stopped after [\d.]+ m?s\./)
      await expect
        .poll(async () => (await narrow.post({ code: 'print(1)' })).status, { timeout: 3000 })
        .toBe(200)
      expect((await blocks())[0], 'what it printed stays').toEqual(['stdout', 'on\n'])
    } finally {
      await narrow.stop()
    }
  })

  it('is started by Ctrl+Enter, from the editor and from a field, once at a time', async () => {
    await typeProgram(page, 'import time; time.sleep(0.5); print(input())')
    await page.getByText('Input and limits').click()
    await page.getByLabel('Standard input').fill('from a field')
    await page.keyboard.press('Control+Enter')
    await page.keyboard.press('Control+Enter')
    await endOf(page)
    expect(await blocks()).toEqual([['stdout', 'from a field\n']])
    await editorOf(page).press('Control+Enter')
    await page.locator('#run[aria-disabled="true"]').waitFor()
    expect(await endOf(page)).toContain('Succeeded')
  })
})

describe('the editor', () => {
  it('indents, and Escape then Tab leaves it', async () => {
    await editorOf(page).fill('')
    await editorOf(page).pressSequentially('if x:\ny')
    expect(await page.locator('#code').inputValue()).toBe('if x:\n    y')
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('code-editor')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('run')
  })

  it('names the key that runs the program on this platform', async () => {
    const hint = () => page.locator('#editor-hint').innerText()
    expect(await hint()).toMatch(/^Ctrl\+Enter: run/)
    await open(`${server.url}/ui`, { userAgent: 'Mozilla/5.0 (Macintosh)' })
    expect(await hint()).toMatch(/^⌘\+Enter: run/)
  })

  it('keeps what was typed when another place on the page is gone to', async () => {
    await typeProgram(page, 'print("typed")')
    await page.evaluate(() => {
      location.hash = '#result'
    })
    await page.waitForTimeout(100)
    expect(await page.locator('#code').inputValue()).toBe('print("typed")')
  })

  it('keeps the last program in this browser, and nowhere else', async () => {
    await typeProgram(page, 'print("kept")')
    await page.waitForTimeout(500)
    await page.reload()
    expect(await page.locator('.cm-content').innerText()).toContain('print("kept")')
    await page.goto(`${server.url}/ui?example=words`)
    expect(await page.locator('.cm-content').innerText()).toContain('most_common')
  })
})

describe('a link', () => {
  it('carries the program to another browser, past the server', async () => {
    await typeProgram(page, 'print("shared é😀")\n')
    await page.getByText('Input and limits').click()
    await page.getByLabel('Standard input').fill('input')
    await page.getByRole('button', { name: 'Share' }).click()
    await page.waitForURL(/#program=/)
    const url = page.url()
    expect(url).not.toContain('shared')
    expect(watched.problems).toEqual([])
    await open(url)
    await expect.poll(() => page.locator('#code').inputValue()).toBe('print("shared é😀")\n')
    expect(await page.getByLabel('Standard input').inputValue()).toBe('input')
    expect(server.log.join('\n')).not.toContain(url.split('#')[1])
    await typeProgram(page, 'print("mine")')
    // Another program now: the address must not bring the shared one back.
    await expect.poll(() => page.url()).toBe(`${server.url}/ui`)
    await page.waitForTimeout(500)
    await page.reload()
    await expect.poll(() => page.locator('#code').inputValue()).toBe('print("mine")')
  })

  it('that is damaged says so, and the page works', async () => {
    await open(`${server.url}/ui#program=AAAA`)
    await page.getByText('The link is damaged').waitFor()
    expect(await runAndWait(page)).toContain('Succeeded')
  })
})

describe('files', () => {
  const PROGRAM = `data = open("in.txt").read()
open("out.txt", "w").write(data.upper())
open("out.bin", "wb").write(bytes([0, 255]))`

  it('go in and come back', async () => {
    await typeProgram(page, PROGRAM)
    await page.getByText('Input and limits').click()
    await page
      .getByLabel('Input files')
      .setInputFiles([{ name: 'in.txt', mimeType: 'text/plain', buffer: Buffer.from('é text') }])
    expect(await page.locator('#file-list').innerText()).toContain('in.txt, 7 bytes')
    await page.getByLabel('Output files').fill('out.*\n')
    expect(await runAndWait(page)).toContain('Succeeded')
    for (const [name, bytes] of [
      ['out.txt', Buffer.from('É TEXT')],
      ['out.bin', Buffer.from([0, 255])],
    ] as const) {
      const download = page.waitForEvent('download')
      await page.getByRole('link', { name }).click()
      const file = await download
      expect(file.suggestedFilename()).toBe(name)
      expect(await readFile(await file.path())).toEqual(bytes)
    }
  })

  it('are dropped, and can be taken out again', async () => {
    const transfer = await page.evaluateHandle(() => {
      const transfer = new DataTransfer()
      transfer.items.add(new File(['dropped'], 'in.txt'))
      return transfer
    })
    await editorOf(page).dispatchEvent('drop', { dataTransfer: transfer })
    await page.getByText('in.txt, 7 bytes').waitFor()
    await typeProgram(page, 'print(open("in.txt").read())')
    await runAndWait(page)
    expect(await blocks()).toEqual([['stdout', 'dropped\n']])
    await page.getByRole('button', { name: 'Remove in.txt' }).click()
    expect(await runAndWait(page)).toContain('FileNotFoundError')
  })
})

describe('displays', () => {
  it('are shown: a plot, and a table', async () => {
    await page.goto(`${server.url}/ui?example=plot`)
    expect(await runAndWait(page)).toContain('Succeeded')
    const size = await page
      .getByAltText('Display 1')
      .evaluate((image: HTMLImageElement) => image.naturalWidth)
    expect(size).toBeGreaterThan(300)
    await page.goto(`${server.url}/ui?example=table`)
    expect(await runAndWait(page)).toContain('Succeeded')
    const rows = page.frameLocator('iframe').locator('tr')
    expect(await rows.first().innerText()).toContain('planet')
    expect(await rows.count()).toBe(5)
  })

  it('of HTML can not script the page, send or reach anything', async () => {
    const html = `<script>parent.hacked = 1; top.hacked = 1</script><img src="http://elsewhere.invalid/x" onerror="top.hacked = 1">
<img a" src=${server.url}/healthz?from-a-frame onerror="top.hacked = 1"><form action="/run"><button>send</button></form><a href="javascript:top.hacked = 1">way</a><p>the text</p>`
    await typeProgram(
      page,
      `class Rich:\n    def _repr_html_(self):\n        return ${JSON.stringify(html)}\n\nRich()`,
    )
    await page.getByText('Input and limits').click()
    await page.getByLabel('Show the value of the last line').check()
    expect(await runAndWait(page)).toContain('Succeeded')
    const frame = page.frameLocator('iframe')
    await frame.getByText('the text').waitFor()
    expect(await page.locator('iframe').getAttribute('sandbox')).toBe('')
    await frame.getByText('way').click()
    await page.waitForTimeout(200)
    expect(server.log.join('\n')).not.toContain('from-a-frame')
    expect(await page.evaluate(() => Reflect.get(window, 'hacked'))).toBeUndefined()
    // What the cleaning did not know was stopped by the policy, which says so.
    expect(watched.problems.splice(0).join('\n')).toMatch(/Content Security Policy|sandboxed/)
  })
})

describe('hostile output', () => {
  it('can not hide or mislead in what looks like a line of a traceback', async () => {
    const lines = [
      'File "\u202e/main.py", line 1 gpj.exe',
      'File "/usr/lib/unittest/main.py", line 2',
      'File "main.py", line 0',
      'File "main.py", line 99999999',
      ...Array.from({ length: 1000 }, () => 'File "main.py", line 9'),
    ]
    await typeProgram(page, `import sys\nsys.stderr.write(${JSON.stringify(lines.join('\n'))})`)
    await runAndWait(page)
    expect(await page.locator('#console .named').count()).toBe(1)
    const ways = page.locator('#console a')
    expect(await ways.count()).toBe(200)
    expect(await ways.first().textContent()).toBe('File "main.py", line 9')
    await ways.last().click()
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('code-editor')
  })

  it('is text: markup, escapes, what turns text around', async () => {
    const hostile =
      '<img src=x onerror=alert(1)><script>alert(2)</script>\x1b[31mred\u202eabc\u2066'
    await typeProgram(
      page,
      `import sys\ntext = ${JSON.stringify(hostile)}\nprint(text)\nraise ValueError(text)`,
    )
    await runAndWait(page)
    expect((await blocks())[0]).toEqual(['stdout', `${hostile}\n`])
    expect(await page.locator('#error').textContent()).toBe(`ValueError: ${hostile}`)
    expect(await page.locator('#console img, #console script, #end img').count()).toBe(0)
    const names = await page
      .locator('#console .stdout .named')
      .evaluateAll((all) => all.map((one) => one.dataset.name))
    expect(names).toEqual(['ESC', 'U+202E', 'U+2066'])
  })

  it('is shown whole when it is one line of a megabyte, and the page stays quick', async () => {
    await typeProgram(page, 'print("x" * 1_000_000)')
    await runAndWait(page)
    expect((await blocks()).map(([, text]) => text?.length)).toEqual([1_000_001])
    const start = Date.now()
    await typeProgram(page, 'print("next")')
    await runAndWait(page)
    expect(Date.now() - start).toBeLessThan(5000)
    expect(await blocks()).toEqual([['stdout', 'next\n']])
  })

  it('is shown when it is a hundred thousand escapes', async () => {
    await typeProgram(page, 'print("\\x1b" * 100_000)')
    expect(await runAndWait(page)).toContain('Succeeded')
    expect((await blocks()).map(([, text]) => text?.length)).toEqual([100_001])
    expect(await page.locator('.named').count()).toBeLessThanOrEqual(500)
  })
})

describe('a refusal', () => {
  it('for the rate says how long to wait', async () => {
    const strict = await startServer({ RATE_LIMIT: '1/60' })
    try {
      await open(`${strict.url}/ui`)
      expect(await runAndWait(page)).toContain('Succeeded')
      expect(await runAndWait(page)).toMatch(
        /! Too many requests\. Try again in \d+ seconds\. More than 1/,
      )
      expect(watched.problems.splice(0)).toEqual([expect.stringContaining('429')])
    } finally {
      await strict.stop()
    }
  })

  it('for the key says where it goes, and the key works', async () => {
    const guarded = await startServer({ API_KEYS: 'correct-horse', POOL_SIZE: '0' })
    try {
      await open(`${guarded.url}/ui`)
      expect(await runAndWait(page)).toContain('enter it in “API key”')
      expect(watched.problems.splice(0)).toEqual([expect.stringContaining('401')])
      await page.getByLabel('API key').fill('correct-horse')
      expect(await runAndWait(page)).toContain('Succeeded')
    } finally {
      await guarded.stop()
    }
  })

  it('for a crowd says that all slots are taken', async () => {
    const narrow = await startServer({
      MAX_RUNNING: '1',
      MAX_WAIT_SECONDS: '0.001',
      POOL_SIZE: '0',
    })
    try {
      await open(`${narrow.url}/ui`)
      const other = narrow.run({ code: 'import time; time.sleep(3)' })
      await page.waitForTimeout(300)
      expect(await runAndWait(page)).toMatch(/All slots are taken\. Try again in \d+ second/)
      expect(watched.problems.splice(0)).toEqual([expect.stringContaining('503')])
      await other
    } finally {
      await narrow.stop()
    }
  })

  it('for files that are too large comes before they are read', async () => {
    await page.getByText('Input and limits').click()
    const large = { name: 'large', mimeType: 'text/plain', buffer: Buffer.alloc(3_000_000) }
    await page.getByLabel('Input files').setInputFiles([large])
    expect(await runAndWait(page)).toMatch(/The request is too large\. .* 2\.9 MB together/)
  })

  it('for a bad field names it', async () => {
    await page.getByText('Input and limits').click()
    await page.getByLabel('Output files').fill('../secret')
    expect(await runAndWait(page)).toContain('outputFiles[0]: "../secret"')
    expect(watched.problems.splice(0)).toEqual([expect.stringContaining('400')])
  })

  it('is not needed where the browser itself finds a field wrong: the panel opens', async () => {
    const panel = page.locator('#inputs')
    await page.getByText('Input and limits').click()
    await page.getByLabel('Time limit').fill('99')
    await page.getByText('Input and limits').click()
    expect(await panel.getAttribute('open')).toBeNull()
    await page.getByRole('button', { name: 'Run' }).click()
    expect(await panel.getAttribute('open')).not.toBeNull()
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('timeoutSeconds')
  })

  it('that is none, of a server that is gone, says so', async () => {
    const gone = await startServer({ POOL_SIZE: '0' })
    await open(`${gone.url}/ui`)
    await gone.stop()
    expect(await runAndWait(page)).toContain('No answer from the server.')
    expect(watched.problems.splice(0)).toEqual([expect.stringContaining('ERR_CONNECTION_REFUSED')])
  })
})

describe('the examples', () => {
  const ENDS: Readonly<Record<string, string>> = {
    exception: 'error ZeroDivisionError',
    'infinite-loop': 'timeout',
    'memory-bomb': 'oom',
    network: 'error urllib.error.URLError',
    'output-flood': 'output_limit',
    'write-image': 'error OSError: [Errno 30] Read-only file system',
  }

  it('do what they say', async () => {
    for (const { id, title } of EXAMPLES) {
      await page.getByText('Examples', { exact: true }).click()
      await page.getByRole('link', { name: title, exact: true }).click()
      expect(await page.locator('#examples').getAttribute('open')).toBeNull()
      expect(await runAndWait(page), id).toContain(ENDS[id] ?? 'Succeeded ok')
      if (id === 'files') expect(await page.locator('#files-out a').count()).toBe(2)
      if (id === 'words') expect(await page.locator('#console').innerText()).toMatch(/^the +4/)
      if (id === 'plot') expect(await page.locator('#displays img').count()).toBe(1)
      if (id === 'table') expect(await page.locator('#displays iframe').count()).toBe(1)
    }
  }, 150_000)
})

it('copies the output', async () => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await runAndWait(page)
  await page.getByRole('button', { name: 'Copy' }).click()
  await page.getByText('Output copied.').waitFor()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^Hello from Python/)
})
