// The page: what it shows of a program, of its end and of a refusal, always as text.

import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/run/refusal.ts'
import { EXAMPLES } from '../../../src/ui/examples.ts'
import { outcome, postForm, testApp } from '../support/app.ts'
import { textOf } from '../support/html.ts'

const HOSTILE = '</textarea></pre><img src=x onerror="alert(1)">&amp;<script>alert(1)</script>'

async function get(path: string, settings: Record<string, string> = {}): Promise<string> {
  return (await testApp({ settings }).app.request(path)).text()
}

describe('the empty page', () => {
  it('is a page in standards mode, with nothing inline', async () => {
    const response = await testApp().app.request('/ui')
    const html = await response.text()
    expect(response.headers.get('Content-Type')).toMatch(/^text\/html; charset=utf-8$/i)
    expect(html).toMatch(/^<!doctype html><html lang="en">/i)
    expect(html.match(/<script[^>]*>/g)).toEqual([
      expect.stringMatching(/^<script type="module" src="ui\/assets\/page.js" nonce="[^"]+">$/),
    ])
    expect(html).not.toMatch(/javascript:|\son\w+=|<style|\sstyle=/i)
    expect(html).not.toContain('id="output"')
  })

  it('lets the editor make styles, by a nonce that is never used twice', async () => {
    const nonces: string[] = []
    for (let i = 0; i < 2; i += 1) {
      const response = await testApp().app.request('/ui')
      const nonce = (await response.text()).match(/nonce="([^"]+)"/)?.[1] ?? ''
      expect(response.headers.get('Content-Security-Policy')).toContain(`'nonce-${nonce}'`)
      nonces.push(nonce)
    }
    expect(new Set(nonces).size).toBe(2)
    expect(nonces[0]).not.toBe('')
  })

  it('says what a program may use', async () => {
    const settings = { MEMORY_MB: '64', DEFAULT_TIMEOUT_SECONDS: '3' }
    expect(await get('/ui', settings)).toContain('no network · 64 MB · 3 s</p>')
  })

  it('says the time that a program gets, where less is allowed than the default', async () => {
    expect(await get('/ui', { MAX_TIMEOUT_SECONDS: '5' })).toContain(' · 5 s</p>')
    expect(await get('/ui', { MAX_TIMEOUT_SECONDS: '1' })).toContain(' · 1 s</p>')
  })

  it('asks for a key where the operator configured some, and else does not', async () => {
    expect(await get('/ui', { API_KEYS: 'one' })).toContain('name="key"')
    expect(await get('/ui')).not.toContain('name="key"')
  })
})

describe('the examples', () => {
  it('are all there behind their links, each with what to expect', async () => {
    const settings = { ENVIRONMENTS: 'python,data' }
    const { app } = testApp({ settings })
    const html = await get('/ui', settings)
    const links = [...html.matchAll(/href="(ui\?example=[^"]+)"/g)].map(([, link]) => link ?? '')
    expect(links).toEqual(EXAMPLES.map(({ id }) => `ui?example=${id}`))
    for (const [index, { code, stdin, expect: sentence }] of EXAMPLES.entries()) {
      expect(html).toContain(sentence)
      const page = await (await app.request(`/${links[index]}`)).text()
      expect(textOf(page, 'code')).toBe(code)
      expect(textOf(page, 'stdin')).toBe(stdin ?? '')
    }
  })

  it('are those that the environments can run', async () => {
    const html = await get('/ui')
    expect(html).toContain('ui?example=hello')
    expect(html).not.toContain('ui?example=plot')
  })

  it('begin with the first, which an unknown name shows too', async () => {
    const first = textOf(await get('/ui?example=hello'), 'code')
    expect(textOf(await get('/ui'), 'code')).toBe(first)
    expect(textOf(await get('/ui?example=<img>'), 'code')).toBe(first)
  })
})

describe('a program that ran', () => {
  /** Posts a program that ends like this; returns the page. */
  async function run(ended: Parameters<typeof outcome>[0], code = 'print(1)'): Promise<string> {
    const { app } = testApp({ answer: async () => outcome(ended) })
    const response = await postForm(app, { code })
    expect(response.status).toBe(200)
    return response.text()
  }

  it('is shown with its output, and no error where there is none', async () => {
    const html = await run({ output: '4\n5' }, 'print(2 + 2)')
    expect(textOf(html, 'code')).toBe('print(2 + 2)')
    expect(textOf(html, 'output')).toBe('4\n5')
    expect(textOf(html, 'error')).toBeNull()
    expect(textOf(html, 'hint')).toBeNull()
    expect(textOf(html, 'stderr')).toBeNull()
    expect(endOf(html)).toBe('✓ Succeeded ok Exit code 0 Time 5 ms CPU 4 ms Memory 8.7 of 128 MB')
  })

  it('is shown with its error and all of standard error', async () => {
    const html = await run({
      output: 'before',
      status: 'error',
      exitCode: 1,
      error: 'NameError: name <x> is not defined',
      stderr: 'Traceback\n  File "main.py"\n',
    })
    expect(textOf(html, 'output')).toBe('before')
    expect(textOf(html, 'error')).toBe('NameError: name <x> is not defined')
    expect(textOf(html, 'stderr')).toBe('Traceback\n  File "main.py"\n')
    expect(endOf(html)).toContain('✗ Ended with an error error NameError')
    expect(endOf(html)).toContain('Exit code 1 ')
  })

  it('is shown with a hint after the error', async () => {
    const hint = 'x is in the environment `data`'
    const html = await run({ status: 'error', error: 'No module', hint })
    expect(textOf(html, 'hint')).toBe(hint)
    expect(endOf(html)).toContain(`No module ${hint}`)
  })

  it('is shown with the signal that ended it, and that output was cut', async () => {
    const ended = { exitCode: null, signal: 'SIGKILL', truncated: true } as const
    const html = await run({ ...ended, status: 'output_limit', error: 'Output limit' })
    expect(endOf(html)).toContain('≡ Output limit output_limit')
    expect(endOf(html)).toContain('Signal SIGKILL')
    expect(endOf(html)).toContain('Output cut at the limit')
  })

  it('can not put elements on the page, in code, output, error or standard error', async () => {
    const html = await run({ output: HOSTILE, error: HOSTILE, stderr: HOSTILE }, HOSTILE)
    expect(html).not.toMatch(/<img|<script>/i)
    for (const id of ['code', 'output', 'error', 'stderr']) expect(textOf(html, id)).toBe(HOSTILE)
  })

  it('keeps the newlines at its start, of code, output and standard error', async () => {
    const html = await run({ output: '\n\na', stderr: '\nb' }, '\nc')
    expect(textOf(html, 'code')).toBe('\nc')
    expect(textOf(html, 'output')).toBe('\n\na')
    expect(textOf(html, 'stderr')).toBe('\nb')
  })

  it('shows by name what would hide or turn text around', async () => {
    const html = await run({ output: 'a\x1b[31mred\u202eb', error: '\0', status: 'error' })
    expect(html).toContain(
      'a<bdi class="named" data-name="ESC">\x1b</bdi>[31mred<bdi class="named" data-name="U+202E">\u202e</bdi>b</pre>',
    )
    expect(html).toContain('data-name="NUL"')
  })

  it('offers its files, and tells which did not come back and why', async () => {
    const html = await run({
      files: [
        { path: 'out/<b>.txt', size: 2, encoding: 'utf8', content: 'é' },
        { path: 'a.bin', size: 1, encoding: 'base64', content: '/w==' },
      ],
      filesOmitted: [{ path: 'big', reason: 'too_large' }],
      filesOmittedCount: 1,
    })
    const base = 'href="data:application/octet-stream;base64,'
    expect(html).toContain(`${base}w6k=" download="&lt;b&gt;.txt"><bdi>out/&lt;b&gt;.txt</bdi>`)
    expect(html).toContain(`${base}/w==" download="a.bin"`)
    expect(html).toContain('<bdi>big</bdi> was left out: larger than the limit for one file')
  })

  it('hides nothing in the names of its files, and says how much did not come back', async () => {
    const file = { size: 1, encoding: 'utf8', content: 'x' } as const
    const html = await run({
      files: [{ path: 'report\u202efdp.exe', ...file }],
      filesOmitted: [{ path: 'a\x1bb', reason: 'too_many' }],
      filesOmittedCount: 5000,
      displaysOmittedCount: 3,
    })
    expect(html).toContain('download="report_fdp.exe"')
    expect(html).toContain('report<bdi class="named" data-name="U+202E">')
    expect(html).toContain('a<bdi class="named" data-name="ESC">')
    expect(html).toContain('and 4999 more were left out')
    expect(html).toMatch(/Displays left out because of their number or size: 3</)
  })

  it('shows its displays: pictures, and HTML in a frame without any right', async () => {
    const html = await run({
      displays: [
        { mime: 'image/png', data: 'AAAA' },
        { mime: 'image/svg+xml', data: '<svg onload="alert(1)"/>' },
        { mime: 'text/html', data: HOSTILE },
        { mime: 'text/plain', data: HOSTILE },
      ],
    })
    expect(html).toContain('<img src="data:image/png;base64,AAAA" alt="Display 1"/>')
    expect(html).toContain(
      `<img src="data:image/svg+xml;base64,${btoa('<svg onload="alert(1)"/>')}`,
    )
    expect(html).toMatch(/<iframe [^>]*sandbox="" title="Display 3" srcdoc="&lt;!doctype html&gt;/)
    expect(html).toContain(
      `<div class="text">${HOSTILE.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')}</div>`,
    )
  })
})

/** What stands in the box of the end, as words. */
function endOf(html: string): string {
  const box = html.match(/<div class="status [^"]*">(.*?)<\/dl>/s)?.[1] ?? ''
  return box
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

describe('a refusal', () => {
  it.each(['busy', 'unavailable', 'internal'] as const)(
    'is shown as text, with what was typed: %s',
    async (code) => {
      const headers = { 'Retry-After': '3' }
      const answer = () => Promise.reject(new Refusal(code, HOSTILE, { headers }))
      const response = await postForm(testApp({ answer }).app, { code: HOSTILE })
      const html = await response.text()
      expect(response.status).toBe(code === 'internal' ? 500 : 503)
      expect(response.headers.get('Retry-After')).toBe('3')
      expect(html).not.toMatch(/<img|<script>/i)
      expect(textOf(html, 'error')).toBe(HOSTILE)
      expect(html).toContain('role="alert"')
      expect(textOf(html, 'code')).toBe(HOSTILE)
    },
  )
})
