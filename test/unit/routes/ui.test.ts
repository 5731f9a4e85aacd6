// The page: what it shows of a program, of its end and of a refusal, always as text.

import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/errors.ts'
import { outcome, postForm, testApp } from '../support/app.ts'
import { textOf } from '../support/html.ts'

const HOSTILE = '</textarea></pre><img src=x onerror="alert(1)">&amp;<script>alert(1)</script>'

async function get(path: string, settings: Record<string, string> = {}): Promise<string> {
  return (await testApp({ settings }).app.request(path)).text()
}

describe('the empty page', () => {
  it('is a page in standards mode, without any script', async () => {
    const response = await testApp().app.request('/ui')
    const html = await response.text()
    expect(response.headers.get('Content-Type')).toMatch(/^text\/html; charset=utf-8$/i)
    expect(html).toMatch(/^<!doctype html><html lang="en">/i)
    expect(html).not.toMatch(/<script|javascript:|\son\w+=/i)
    expect(html).not.toContain('id="output"')
  })

  it('may apply its own style, by a nonce that is never used twice', async () => {
    const nonces: string[] = []
    for (let i = 0; i < 2; i += 1) {
      const response = await testApp().app.request('/ui')
      const nonce = (await response.text()).match(/<style nonce="([^"]+)">/)?.[1] ?? ''
      expect(response.headers.get('Content-Security-Policy')).toContain(`'nonce-${nonce}'`)
      nonces.push(nonce)
    }
    expect(new Set(nonces).size).toBe(2)
    expect(nonces[0]).not.toBe('')
  })

  it('says what a program may use', async () => {
    const settings = { MEMORY_MB: '64', DEFAULT_TIMEOUT_SECONDS: '3' }
    expect(await get('/ui', settings)).toContain(
      'Without network, with 64 MB of memory and 3 seconds.',
    )
  })

  it('says the time that a program gets, where less is allowed than the default', async () => {
    expect(await get('/ui', { MAX_TIMEOUT_SECONDS: '5' })).toContain(' and 5 seconds.')
    expect(await get('/ui', { MAX_TIMEOUT_SECONDS: '1' })).toContain(' and 1 second.')
  })

  it('asks for a key where the operator configured some, and else does not', async () => {
    expect(await get('/ui', { API_KEYS: 'one' })).toContain('name="key"')
    expect(await get('/ui')).not.toContain('name="key"')
  })
})

describe('the examples', () => {
  it('are all there behind their links', async () => {
    const { app } = testApp()
    const html = await get('/ui')
    const links = [...html.matchAll(/href="(\/ui\?example=[^"]+)"/g)].map(([, link]) => link ?? '')
    expect(links).toEqual(
      [
        'hello',
        'infinite-loop',
        'memory-bomb',
        'network',
        'passwd',
        'write-tmp',
        'write-image',
      ].map((id) => `/ui?example=${id}`),
    )
    const programs: (string | null)[] = []
    for (const link of links) {
      const response = await app.request(link)
      expect(response.status).toBe(200)
      programs.push(textOf(await response.text(), 'code'))
    }
    expect(new Set(programs).size).toBe(7)
    expect(programs[0]).toContain('print("Hello from Python"')
    expect(programs[4]).toBe('print(open("/etc/passwd").read())\n')
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
    expect(textOf(html, 'stderr')).toBeNull()
    expect(html).toContain('ok · exit code 0 · 5 ms · 8.7 MB<')
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
    expect(html).toContain('error · exit code 1 ·')
  })

  it('is shown with the signal that ended it, and that output was cut', async () => {
    const ended = { exitCode: null, signal: 'SIGKILL', truncated: true } as const
    const html = await run({ ...ended, status: 'output_limit', error: 'Output limit' })
    expect(html).toContain('output_limit · signal SIGKILL ·')
    expect(html).toContain(' · output cut at the limit<')
  })

  it('can not put elements on the page, in code, output, error or standard error', async () => {
    const html = await run({ output: HOSTILE, error: HOSTILE, stderr: HOSTILE }, HOSTILE)
    expect(html).not.toMatch(/<img|<script/i)
    for (const id of ['code', 'output', 'error', 'stderr']) expect(textOf(html, id)).toBe(HOSTILE)
  })

  it('keeps the newlines at its start, of code, output and standard error', async () => {
    const html = await run({ output: '\n\na', stderr: '\nb' }, '\nc')
    expect(textOf(html, 'code')).toBe('\nc')
    expect(textOf(html, 'output')).toBe('\n\na')
    expect(textOf(html, 'stderr')).toBe('\nb')
  })
})

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
      expect(html).not.toMatch(/<img|<script/i)
      expect(html).toContain('role="alert">&lt;/textarea&gt;')
      expect(textOf(html, 'code')).toBe(HOSTILE)
    },
  )
})
