// The page's form: what it sends, what is refused, and what another site can do with it.

import { describe, expect, it } from 'vitest'
import { memoryLog, postForm, testApp } from '../support/app.ts'
import { textOf } from '../support/html.ts'
import { streamed } from '../support/stream.ts'

const FORM_TYPE = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** Status of an answer, the refusal that the page shows, and the text of the text area. */
async function shown(response: Response): Promise<unknown[]> {
  const html = await response.text()
  const heading = html.match(/role="alert"><strong><span[^>]*>!<\/span> ([^<]*)</)?.[1]
  const refusal = textOf(html, 'error') ?? heading ?? ''
  return [response.status, refusal, textOf(html, 'code')]
}

describe('the form', () => {
  it('runs the program with the defaults', async () => {
    const { app, executor } = testApp()
    await postForm(app, { code: 'print(1)' })
    expect(executor.requests).toEqual([
      {
        ...{ code: 'print(1)', stdin: '', args: [], env: {}, timeoutSeconds: 10 },
        ...{ files: [], outputFiles: [], environment: 'python', displayLastExpression: false },
        retry: false,
      },
    ])
  })

  it('has the line ends that were typed, not those of forms', async () => {
    const { app, executor } = testApp()
    const response = await postForm(app, { code: '\r\nif True:\r\n    print(1)\r\n' })
    expect(executor.requests).toMatchObject([{ code: '\nif True:\n    print(1)\n' }])
    expect(textOf(await response.text(), 'code')).toBe('\nif True:\n    print(1)\n')
  })

  it('has every character that was typed', async () => {
    const { app, executor } = testApp()
    const code = 'print("é€😀", 1 + 2, "100%", a&b)  # \t=;'
    await postForm(app, { code })
    expect(executor.requests).toMatchObject([{ code }])
  })

  it('has what was filled in beside it, one item a line', async () => {
    const { app, executor } = testApp({ settings: { ENVIRONMENTS: 'python,data' } })
    const fields = { code: 'x', stdin: 'a\r\nb\r\n', args: '--year\r\n20 26\r\n\r\n' }
    const limits = { timeoutSeconds: '2.5', environment: 'data', displayLastExpression: 'on' }
    const response = await postForm(app, { ...fields, ...limits, outputFiles: '*.png\r\nout/**' })
    expect(executor.requests).toMatchObject([
      {
        ...{ stdin: 'a\nb\n', args: ['--year', '20 26'], outputFiles: ['*.png', 'out/**'] },
        ...{ timeoutSeconds: 2.5, environment: 'data', displayLastExpression: true },
        retry: false,
      },
    ])
    const html = await response.text()
    expect(textOf(html, 'stdin')).toBe('a\nb\n')
    expect(textOf(html, 'args')).toBe('--year\n20 26\n\n')
    expect(textOf(html, 'outputFiles')).toBe('*.png\nout/**')
    expect(html).toMatch(/<option value="data"[^>]* selected/)
    expect(html).toMatch(/id="timeoutSeconds"[^>]* value="2.5"/)
    expect(html).toMatch(/id="displayLastExpression"[^>]* checked/)
  })

  it('takes files, whatever is in them, as a browser sends them', async () => {
    const { app, executor } = testApp()
    const form = new FormData()
    form.set('code', 'x\r\ny')
    form.append('files', new File(['a,b\r\n'], 'data.csv'))
    form.append('files', new File([new Uint8Array([0, 255, 10])], 'picture.bin'))
    form.append('files', new File([], '')) // what an empty field sends
    const headers = { Host: 'localhost:5000', Origin: 'http://localhost:5000' }
    const response = await app.request('/ui', { method: 'POST', body: form, headers })
    expect(response.status).toBe(200)
    expect(executor.requests).toMatchObject([
      {
        code: 'x\ny',
        files: [
          { path: 'data.csv', content: btoa('a,b\r\n'), encoding: 'base64' },
          { path: 'picture.bin', content: 'AP8K', encoding: 'base64' },
        ],
      },
    ])
  })

  it.each(['----x', '"----x"', '"----x"; charset=utf-8', "a'()+_,-./:=?b", '"a b"'])(
    'may have its parts delimited by anything: %s',
    async (boundary) => {
      const { app, executor } = testApp()
      const delimiter = boundary.match(/^"([^"]*)"/)?.[1] ?? boundary
      const head = 'Content-Disposition: form-data; name="code"'
      const body = `--${delimiter}\r\n${head}\r\n\r\n1 + 1\r\n--${delimiter}--\r\n`
      const headers = { 'Content-Type': `multipart/form-data; boundary=${boundary}` }
      const response = await app.request('/ui', { method: 'POST', headers, body })
      expect(response.status).toBe(200)
      expect(executor.requests).toMatchObject([{ code: '1 + 1' }])
    },
  )

  it.each([
    [{ timeoutSeconds: '9999' }, 'timeoutSeconds: must be above 0 and at most 10'],
    [{ timeoutSeconds: 'soon' }, 'timeoutSeconds: must be a number'],
    [{ environment: 'ruby' }, 'environment: must be one of python'],
    [{ outputFiles: '../x' }, 'outputFiles[0]: "../x"'],
  ])('is refused as the API would: %j', async (fields, error) => {
    const { app, executor } = testApp()
    const [status, refusal] = await shown(await postForm(app, { code: 'x', ...(fields as object) }))
    expect(status).toBe(400)
    expect(refusal).toContain(error)
    expect(executor.requests).toEqual([])
  })
})

describe('a form that can not be run', () => {
  it.each([
    [{ code: '' }, 'Write a program first.', ''],
    [{ code: ' \r\n ' }, 'Write a program first.', ' \n '],
    [{}, 'Write a program first.', ''],
  ])(
    'is told why, and keeps what was typed: %j',
    async (fields: { code?: string }, error, kept) => {
      const { app, executor } = testApp()
      expect(await shown(await postForm(app, { ...fields }))).toEqual([400, error, kept])
      expect(executor.requests).toEqual([])
    },
  )

  it.each([
    ['multipart/form-data; boundary=x', 'never a form', 'body: must be a form'],
    ['multipart/form-data', '--x--', 'body: must be a form'],
    [
      'application/x-www-form-urlencoded',
      'a=&'.repeat(1000),
      'body: must have at most 64 fields and files',
    ],
    [
      'multipart/form-data; boundary=x',
      '--x\r\nContent-disposition:form-data;name=files\r\n\r\n\r\n'.repeat(1000),
      'body: must have at most 64 fields and files',
    ],
  ])('is told that it is none: %s', async (type, body, error) => {
    const { app, executor } = testApp()
    const headers = { 'Content-Type': type }
    expect(await shown(await app.request('/ui', { method: 'POST', headers, body }))).toEqual([
      ...[400, error, ''],
    ])
    expect(executor.requests).toEqual([])
  })

  it.each([
    [4096, 'Write a program first.'],
    [4097, 'body: a part has more than 4096 bytes of headers'],
  ])('is told of a part that has %d bytes of headers', async (bytes, error) => {
    const { app } = testApp()
    const head = '\r\nContent-Disposition: form-data; name="'
    const name = 'x'.repeat(bytes - head.length - '"\r\n\r\n'.length)
    const body = `--xyz${head}${name}"\r\n\r\n\r\n--xyz--\r\n`
    const headers = { 'Content-Type': 'multipart/form-data; boundary=xyz' }
    const answer = await app.request('/ui', { method: 'POST', headers, body })
    expect((await shown(answer)).slice(0, 2)).toEqual([400, error])
  })

  it('keeps what was typed up to 128 Ki characters', async () => {
    const { app } = testApp()
    const keptOf = async (length: number) =>
      textOf(await (await postForm(app, { code: '', stdin: 'x'.repeat(length) })).text(), 'stdin')
    expect(await keptOf(128 * 1024)).toHaveLength(128 * 1024)
    expect(await keptOf(128 * 1024 + 1)).toBe('')
  })

  it('is refused as another type', async () => {
    const { app } = testApp()
    const response = await postForm(app, { code: 'x' }, { 'Content-Type': 'text/plain' })
    expect((await shown(response)).slice(0, 2)).toEqual([
      415,
      'Content-Type: must be multipart/form-data or application/x-www-form-urlencoded',
    ])
  })

  it('is refused when it is too large, and does not have to end', async () => {
    const { app } = testApp({ settings: { MAX_BODY_BYTES: '100' } })
    const piece = 'x'.repeat(2 ** 20)
    function* endless() {
      yield 'code='
      while (true) yield piece
    }
    const { init } = streamed(endless())
    const response = await app.request('/ui', { method: 'POST', headers: FORM_TYPE, ...init })
    expect(response.headers.get('Connection')).toBe('close')
    expect(await shown(response)).toEqual([413, 'body: must be at most 100 bytes', ''])
  })

  it('is refused over the rate, and keeps what was typed', async () => {
    const { app } = testApp({ settings: { RATE_LIMIT: '1/60' } })
    await postForm(app, { code: 'x' })
    const response = await postForm(app, { code: 'y' })
    expect(response.headers.get('Retry-After')).toBe('60')
    expect(await shown(response)).toEqual([
      429,
      'More than 1 requests in 60 s; try again in 60 s',
      'y',
    ])
  })

  it('is told nothing of a fault of ours', async () => {
    const { logger, lines } = memoryLog()
    const answer = () => Promise.reject(new Error('cannot read /srv/app/src/x.ts'))
    const response = await postForm(testApp({ logger, answer }).app, { code: 'x' })
    expect(await shown(response.clone())).toEqual([500, 'Something went wrong on our side', 'x'])
    expect(await response.text()).not.toContain('/srv')
    expect(lines.join(''), 'the log has the cause').toContain('cannot read /srv/app/src/x.ts')
  })
})

describe('the key', () => {
  const settings = { API_KEYS: 'one,two' }

  it.each(['one', 'two'])('lets the program run: %s', async (key) => {
    const { app, executor } = testApp({ settings })
    expect((await postForm(app, { code: 'x', key })).status).toBe(200)
    expect(executor.requests).toHaveLength(1)
  })

  it.each(['', 'three', 'one,two'])('does not when it is "%s"', async (key) => {
    const { app, executor } = testApp({ settings })
    const response = await postForm(app, { code: 'typed', key })
    expect(response.headers.get('WWW-Authenticate')).toBe('Bearer')
    expect(await shown(response)).toEqual([401, 'A valid API key is required', 'typed'])
    expect(executor.requests).toEqual([])
  })

  it('is on no page, right or wrong', async () => {
    const { app } = testApp({ settings: { API_KEYS: 'right-key' } })
    for (const key of ['right-key', 'wrong-key']) {
      expect(await (await postForm(app, { code: 'x', key })).text()).not.toContain(key)
    }
  })
})

describe('a form of another site', () => {
  const foreign = { Origin: 'http://evil.example' }

  it.each([foreign, { 'Sec-Fetch-Site': 'cross-site' }, { Origin: 'null' }])(
    'is refused: %j',
    async (headers) => {
      const { app, executor } = testApp()
      const response = await postForm(app, { code: 'x' }, headers as Record<string, string>)
      expect((await shown(response)).slice(0, 2)).toEqual([
        403,
        'The form was sent by another site',
      ])
      expect(executor.requests).toEqual([])
    },
  )

  it('uses up nothing of its visitor’s rate', async () => {
    const { app } = testApp({ settings: { RATE_LIMIT: '1/60' } })
    for (let i = 0; i < 3; i += 1) await postForm(app, { code: 'x' }, foreign)
    expect((await postForm(app, { code: 'x' })).status).toBe(200)
  })

  it('is refused with a body that is too large', async () => {
    const { app } = testApp({ settings: { MAX_BODY_BYTES: '100' } })
    const pieces = Array.from({ length: 50 }, () => 'x'.repeat(60))
    const { init } = streamed(pieces)
    const headers = { ...FORM_TYPE, Host: 'localhost:5000', ...foreign }
    const response = await app.request('/ui', { method: 'POST', headers, ...init })
    expect([403, 413]).toContain(response.status)
  })
})
