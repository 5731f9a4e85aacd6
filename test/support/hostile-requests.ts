// Requests that are made to be dear to read, to judge or to refuse: large ones by name, and small ones without end.

import fc from 'fast-check'

export interface HostileRequest {
  name: string
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body?: string
}

/** Longest refusal in JSON, in bytes; a page adds itself. */
export const MAX_REFUSAL_BYTES = 4096

const JSON_TYPE = 'application/json'
const URL_ENCODED = 'application/x-www-form-urlencoded'
const BOUNDARY = 'xyzw'
const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`
/** A little less than the longest body by default, in bytes. */
const LARGE = 2 * 1024 * 1024 - 1024

const fill = (piece: string) => piece.repeat(Math.floor(LARGE / piece.length))
const list = (item: string, count: number) => Array.from({ length: count }, () => item).join()
const keys = (count: number, value: string) =>
  Array.from({ length: count }, (_, index) => `"V${index}":${value}`).join()
const part = (head: string, content = 'a') => `--${BOUNDARY}\r\n${head}\r\n\r\n${content}\r\n`
const END = `--${BOUNDARY}--\r\n`
const DISPOSITION = 'Content-Disposition: form-data; name='

/** Bodies in JSON, all of them refused. They are made when they are asked for: together they are some 50 MB. */
export const LARGE_JSON: Readonly<Record<string, () => string>> = {
  'many variables': () => `{"code":"x","env":{${keys(125_000, '1')}}}`,
  'more variables than are parsed': () => `{"code":"x","env":{${keys(30_000, '"x"')}}}`,
  'bad variables': () => `{"code":"x","env":{${keys(32, '1')}}}`,
  'many unknown fields': () => `{"code":"x",${keys(140_000, '1')}}`,
  'fewer unknown fields': () => `{"code":"x",${keys(32_000, '1')}}`,
  'unknown fields with long names': () =>
    `{"code":"x",${Array.from({ length: 30 }, (_, n) => `"${'\\u0001'.repeat(9999)}${n}":1`)}}`,
  'empty files': () => `{"code":"x","files":[${list('{}', 690_000)}]}`,
  'fewer empty files': () => `{"code":"x","files":[${list('{}', 16_000)}]}`,
  'bad files': () => `{"code":"x","files":[${list('{}', 32)}]}`,
  'files with unknown fields': () => `{"code":"x","files":[${list(`{${keys(900, '1')}}`, 32)}]}`,
  'many arguments': () => `{"code":"x","args":[${list('1', 1_000_000)}]}`,
  'many patterns': () => `{"code":"x","outputFiles":[${list('""', 30_000)}]}`,
  'many runs': () => `{"runs":[${list('{}', 690_000)}]}`,
  'bad runs': () => `{"runs":[${list(`{"args":[${list('1', 64)}],"env":{"":1}}`, 100)}]}`,
  'arrays in each other': () => '['.repeat(LARGE),
  'arrays in each other, closed': () => '['.repeat(LARGE / 2) + ']'.repeat(LARGE / 2),
  'objects in each other': () => fill('{"a":'),
  'arrays in each other in a field': () => `{"code":"x","stdin":${fill('[')}`,
  'a path of slashes': () => JSON.stringify({ code: 'x', outputFiles: [fill('/')] }),
  'a path of folders': () =>
    JSON.stringify({ code: 'x', files: [{ path: fill('a/'), content: '' }] }),
  'a long path': () => JSON.stringify({ code: 'x', files: [{ path: fill('a'), content: '' }] }),
  'what is almost base64': () =>
    JSON.stringify({
      code: 'x',
      files: [{ path: 'a', encoding: 'base64', content: `${fill('A')}*` }],
    }),
  'code of blanks': () => JSON.stringify({ code: fill(' ') }),
  'long code': () => JSON.stringify({ code: fill('a') }),
  'code of line ends': () => JSON.stringify({ code: fill('\n').slice(LARGE / 2) }),
  'a lone surrogate': () => `{"code":"${'a'.repeat(LARGE)}\\ud800"}`,
  'a long number': () => `{"code":${'1'.repeat(LARGE)}}`,
  'a number that is none': () => '{"code":"x","timeoutSeconds":1e999}',
  'blanks around nothing': () => fill(' '),
  'quotation marks': () => fill('"'),
  'a string that does not end': () => `"${'a'.repeat(LARGE)}`,
  'a long environment': () => JSON.stringify({ code: 'x', environment: fill('a') }),
  prototypes: () => `{"code":"x",${list('"__proto__":{"a":1}', 10_000)}}`,
}

/** Forms of both kinds by their type, all of them refused. */
export const LARGE_FORMS: Readonly<Record<string, () => [type: string, body: string]>> = {
  'plus signs': () => [URL_ENCODED, `code=${fill('+')}`],
  'plus signs between': () => [URL_ENCODED, `code=${fill('a+')}`],
  'percent signs': () => [URL_ENCODED, `code=${fill('%')}`],
  'percent codes': () => [URL_ENCODED, `code=${fill('%20')}`],
  'percent codes that are no UTF-8': () => [URL_ENCODED, `code=${fill('%ff')}`],
  'line ends': () => [URL_ENCODED, `code=${fill('%0d%0a')}`],
  'many fields': () => [URL_ENCODED, fill('&')],
  'many equal signs': () => [URL_ENCODED, fill('=')],
  'many lines': () => [URL_ENCODED, `code=x&args=${fill('a%0a')}`],
  'one long part': () => [MULTIPART, part(`${DISPOSITION}"code"`, fill('a')) + END],
  'one long head': () => [MULTIPART, part(`${DISPOSITION}"${fill('a')}"`) + END],
  'many fields of a head': () => [MULTIPART, part(`${fill('a: b\r\n')}${DISPOSITION}"a"`) + END],
  'a head without an end': () => [MULTIPART, `--${BOUNDARY}\r\n${fill('a: b\r\n')}`],
  'escapes in a head': () => [MULTIPART, part(`${DISPOSITION}"${fill('%22')}"`) + END],
  'many parts': () => [MULTIPART, part(`${DISPOSITION}"a"`).repeat(10_000) + END],
  'many delimiters': () => [MULTIPART, fill(`--${BOUNDARY}\r\n`)],
  'almost delimiters': () => [MULTIPART, part(`${DISPOSITION}"code"`, fill('\r\n--xyz')) + END],
  'line ends of no form': () => [MULTIPART, fill('\r\n')],
  'a delimiter of dashes': () => [
    `multipart/form-data; boundary=${'-'.repeat(69)}a`,
    '-'.repeat(LARGE),
  ],
}

/** All of them as requests. */
export function largeRequests(): (() => HostileRequest)[] {
  return [
    ...Object.entries(LARGE_JSON).flatMap(([name, make]) =>
      ['/run', '/runs'].map((path) => () => post(path, name, JSON_TYPE, make())),
    ),
    ...Object.entries(LARGE_FORMS).map(
      ([name, make]) =>
        () =>
          post('/ui', name, ...make()),
    ),
  ]
}

function post(path: string, name: string, type: string, body: string): HostileRequest {
  return { name, method: 'POST', path, headers: { 'Content-Type': type }, body }
}

/** Text of every kind, lone surrogates and control characters too. */
const anyText = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) })
const runFields = ['code', 'stdin', 'args', 'env', 'files', 'outputFiles', 'timeoutSeconds']
const fieldName = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...runFields, 'runs', 'environment', 'webhook') },
  { weight: 1, arbitrary: fc.oneof(anyText, fc.constantFrom('__proto__', 'constructor', '')) },
)
const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      anyText.map((text) => JSON.stringify(text)),
      fc.constantFrom('1e999', '-0', 'null', 'true', '1e-999', '"\\ud800"', '[', '}', '"', '\\'),
      fc.double().map(String),
    ),
    fc.array(tie('value'), { maxLength: 40 }).map((items) => `[${items}]`),
    fc
      .array(fc.tuple(fieldName, tie('value')), { maxLength: 40 })
      .map((fields) => `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`)}}`),
  ),
})).value

const jsonRequest = fc
  .tuple(fc.constantFrom('/run', '/runs'), jsonText)
  .map(([path, body]) => post(path, 'JSON', JSON_TYPE, body))

const formPiece = fc.oneof(
  anyText,
  fc.constantFrom('&', '=', '+', '%', '%2', '%zz', '%00', '%ed%a0%80', '?', ';', ...runFields),
)
const formRequest = fc
  .array(formPiece, { maxLength: 200 })
  .map((pieces) => post('/ui', 'form', URL_ENCODED, pieces.join('')))

const multipartPiece = fc.oneof(
  anyText,
  fc.constantFrom(
    ...[`--${BOUNDARY}`, `--${BOUNDARY}--`, '\r\n', '\r\n\r\n', '\n', '--', '"', ';', '\0'],
    ...[DISPOSITION, 'Content-Type: a/b', 'filename="', "filename*=utf-8''%ff", 'name="files"'],
    part(`${DISPOSITION}"code"`),
    part(`${DISPOSITION}"files"; filename="../a"`),
  ),
)
const multipartRequest = fc
  .tuple(
    fc.constantFrom(MULTIPART, `${MULTIPART}; boundary=b`, 'multipart/form-data', 'multipart/x'),
    fc.array(multipartPiece, { maxLength: 100 }),
  )
  .map(([type, pieces]) => post('/ui', 'multipart', type, pieces.join('')))

/** What a head may have in a value; a head may have 16 KiB in all. */
const headText = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)) }),
  fc
    .tuple(
      fc.constantFrom('1,', '127.0.0.1,', 'a b ', ';', '"', '*/*;q=1,', '%', ' '),
      fc.nat(1000),
    )
    .map(([piece, count]) => piece.repeat(count)),
)
const headRequest = fc
  .tuple(
    fc.constantFrom(
      ...['Idempotency-Key', 'Last-Event-ID', 'Accept', 'X-Forwarded-For', 'Authorization'],
      ...['Content-Type', 'Cookie', 'X-Request-Id', 'Content-Encoding', 'Sec-Fetch-Site', 'Origin'],
    ),
    headText,
    fc.constantFrom('/run', '/runs', '/ui', '/runs/x', '/runs/x/events', '/stats'),
  )
  .map(([name, value, path]): HostileRequest => {
    const isPost = path === '/run' || path === '/ui' || (path === '/runs' && value.length % 2 === 0)
    const headers = { 'Content-Type': JSON_TYPE, [name]: value.trim() }
    return isPost
      ? { name: 'head', method: 'POST', path, headers, body: '{"cod":1}' }
      : { name: 'head', method: 'GET', path, headers }
  })

const queryNames = [
  'status',
  'environment',
  'key',
  'since',
  'until',
  'limit',
  'cursor',
  'codeSha256',
]
const queryText = fc.oneof(
  anyText.map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom('%', '%zz', '%00', '%ff', '1e9', '2026-01-01', '-1', '9'.repeat(400), '&', '+'),
  fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
  fc.nat(2000).map((count) => 'a&'.repeat(count)),
)
const queryRequest = fc
  .tuple(
    fc.constantFrom('/runs', '/stats', '/ui/runs', '/ui', '/docs/', '/no/such'),
    fc.array(fc.tuple(fc.constantFrom(...queryNames, 'limi', ''), queryText), { maxLength: 20 }),
  )
  .map(([path, fields]): HostileRequest => {
    const query = fields.map(([name, value]) => `${name}=${value}`).join('&')
    const target = `${path}?${query}`.slice(0, 12_000)
    return { name: 'query', method: 'GET', path: target, headers: {} }
  })

/** Requests of every kind that a public parser reads; some few of them are good. */
export const hostileRequest: fc.Arbitrary<HostileRequest> = fc.oneof(
  ...[jsonRequest, formRequest, multipartRequest, headRequest, queryRequest],
)
