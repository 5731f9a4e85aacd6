// The API document: valid by the judgement of others, complete, and true of what the app really answers.

import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/run/refusal.ts'
import {
  type ApiDocument,
  answerOf,
  examplesOf,
  readDocument,
  requestOf,
  schemaCheck,
} from '../../support/openapi.ts'
import { outcome, postRun, testApp } from '../support/app.ts'
import { parseEvents } from '../support/events.ts'
import { type TestRunLog, testRunLog } from '../support/run-log.ts'

const RUN = ['post', '/run'] as const

const SETTINGS = { ENVIRONMENTS: 'python,data', API_KEYS: '' }

/** Openings and words that technical English has no use for. */
const ODD =
  /^(?:What|Whose|Who|Told of|So many|It|They)\b|\b(?:nobody|everybody|whoever|dear|who asks)\b/i

/** All summaries and descriptions but those of schemas, which are written elsewhere. */
function descriptionsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    if (name === 'schema') return []
    const isText = typeof inner === 'string' && (name === 'summary' || name === 'description')
    return isText ? [inner] : descriptionsOf(inner)
  })
}

let document: ApiDocument
let log: TestRunLog
beforeAll(async () => {
  log = await testRunLog()
  const { app } = testApp({ settings: SETTINGS, runLog: log.runLog })
  document = await readDocument(await app.request('/openapi.json'))
})
afterAll(() => log.remove())

describe('the document', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toBe('3.1.0')
    const result = await new Validator().validate({ ...structuredClone(document) })
    expect(result.errors ?? []).toEqual([])
    expect(result.valid).toBe(true)
  })

  it('has every path of the API with its methods', () => {
    const paths = Object.entries(document.paths).map(
      ([path, item]) => [path, Object.keys(item)] as const,
    )
    expect(Object.fromEntries(paths)).toEqual({
      '/run': ['post'],
      '/runs': ['post', 'get'],
      '/runs/{id}': ['get', 'delete'],
      '/runs/{id}/events': ['get'],
      '/environments': ['get'],
      '/healthz': ['get'],
      '/readyz': ['get'],
      '/metrics': ['get'],
      '/stats': ['get'],
    })
  })

  it('has every field of a request, described, with the limits of this server', () => {
    const { properties = {}, required, additionalProperties } = requestOf(document).schema
    expect(Object.keys(properties)).toEqual([
      ...['code', 'stdin', 'args', 'env', 'files', 'outputFiles', 'timeoutSeconds'],
      ...['environment', 'retry', 'displayLastExpression'],
    ])
    for (const [name, field] of Object.entries(properties)) {
      expect(field.description, name).toBeTruthy()
    }
    expect(required).toEqual(['code'])
    expect(additionalProperties).toBe(false)
    expect(properties).toMatchObject({
      code: { type: 'string', minLength: 1, maxLength: 262_144 },
      args: { maxItems: 64 },
      env: { type: 'object', maxProperties: 32, additionalProperties: { type: 'string' } },
      files: { maxItems: 32 },
      outputFiles: { maxItems: 32 },
      timeoutSeconds: { exclusiveMinimum: 0, maximum: 10, default: 10 },
      environment: { enum: ['python', 'data'], default: 'python' },
    })
  })

  it('describes its operations in plain words', () => {
    const { tags, paths } = document as unknown as Record<string, unknown>
    const sentences = descriptionsOf({ tags, paths })
    expect(sentences.length).toBeGreaterThan(50)
    const odd = sentences.filter((sentence) => ODD.test(sentence))
    expect(odd).toEqual([])
  })

  it('has an answer for each refusal of POST /run, each with an example of its code', () => {
    const statuses = Object.keys(document.paths['/run']?.post?.responses ?? {}).map(Number)
    const codes = statuses.flatMap((status) =>
      examplesOf(answerOf(document, RUN, status)).map(([code]) => [status, code]),
    )
    expect(codes.filter(([status]) => status !== 200)).toEqual([
      [400, 'invalid_request'],
      [401, 'unauthorized'],
      [413, 'too_large'],
      [415, 'unsupported_media_type'],
      [429, 'rate_limited'],
      [500, 'internal'],
      [503, 'busy'],
      [503, 'unavailable'],
    ])
  })

  it('has an example of each status of a run, and every example is what it is an example of', () => {
    const outcomes = examplesOf(answerOf(document, RUN, 200))
    expect(outcomes.map(([name]) => name)).toEqual([
      ...['ok', 'error', 'timeout', 'oom', 'output_limit', 'killed'],
    ])
    for (const [status, value] of outcomes) {
      expect(value).toMatchObject({ status })
      expect(schemaCheck(document, 'Outcome')(value)).toEqual([])
    }
    for (const [, value] of examplesOf(requestOf(document))) {
      expect(schemaCheck(document, requestOf(document).schema)(value)).toEqual([])
    }
    for (const status of [400, 401, 413, 415, 429, 500, 503]) {
      for (const [, value] of examplesOf(answerOf(document, RUN, status))) {
        expect(schemaCheck(document, 'Refusal')(value)).toEqual([])
      }
    }
  })

  it('has the events of a stream, and its examples are made of them', () => {
    const stream = answerOf(document, RUN, 200, 'text/event-stream')
    const events = stream['x-events'] ?? {}
    expect(Object.keys(events)).toEqual(['stdout', 'stderr', 'restart', 'result', 'error'])
    for (const [, value] of examplesOf(stream)) {
      for (const [name, data] of parseEvents(String(value))) {
        if (data) expect(schemaCheck(document, events[name] ?? {})(data), name).toEqual([])
      }
    }
  })
})

describe('what the app answers', () => {
  const BODY = { code: 'print(2 + 2)' }

  it.each<[string, () => Promise<Response>]>([
    ['an outcome', () => postRun(testApp().app)],
    ['a refusal of a bad request', () => postRun(testApp().app, { code: 1 })],
    ['a refusal without a key', () => postRun(testApp({ settings: { API_KEYS: 'k' } }).app)],
    [
      'a refusal of a large body',
      () => postRun(testApp({ settings: { MAX_BODY_BYTES: '9' } }).app),
    ],
    [
      'a refusal of a body’s type',
      () => postRun(testApp().app, BODY, { 'Content-Type': 'text/plain' }),
    ],
    ['a refusal of a rate', () => postTwice({ RATE_LIMIT: '1/60' })],
    ['a refusal for want of places', () => failing(new Refusal('busy', 'busy'))],
    ['a refusal for want of an engine', () => failing(new Refusal('unavailable', 'not now'))],
    ['a bug', () => failing(new Error('secret'))],
  ])('is as the document says: %s', async (_, ask) => {
    const response = await ask()
    const { schema } = answerOf(document, RUN, response.status)
    expect(schemaCheck(document, schema)(await response.json())).toEqual([])
  })

  it.each(['/healthz', '/readyz', '/environments'])(
    'is as the document says: GET %s',
    async (path) => {
      const facts = JSON.stringify({ python: '3.13.5', packages: { numpy: '2.2.4' }, modules: [] })
      const answer = async ({ code }: { code: string }) =>
        outcome({ output: code.includes('platform') ? facts : '4' })
      const response = await testApp({ settings: SETTINGS, answer }).app.request(path)
      expect(response.status).toBe(200)
      const { schema } = answerOf(document, ['get', path], 200)
      expect(schemaCheck(document, schema)(await response.json())).toEqual([])
    },
  )

  it.each(['/nowhere', '/run'])('is a refusal at %s with GET', async (path) => {
    const response = await testApp().app.request(path)
    expect(schemaCheck(document, 'Refusal')(await response.json())).toEqual([])
  })

  it('refuses the same requests as the document, as far as a schema can say', async () => {
    const isDescribed = schemaCheck(document, requestOf(document).schema)
    for (const [body, isGood] of [
      [BODY, true],
      [{ ...BODY, files: [{ path: 'a', content: '' }], env: { A: 'b' }, args: ['x'] }, true],
      [{ ...BODY, environment: 'data', displayLastExpression: true, outputFiles: ['*'] }, true],
      [{}, false],
      [{ ...BODY, nonsense: 1 }, false],
      [{ ...BODY, timeoutSeconds: 0 }, false],
      [{ ...BODY, timeoutSeconds: 11 }, false],
      [{ ...BODY, environment: 'ruby' }, false],
      [{ ...BODY, env: { A: 1 } }, false],
      [{ ...BODY, files: [{ path: 'a' }] }, false],
      [{ ...BODY, files: [{ path: 'a', content: '', mode: 7 }] }, false],
      [{ ...BODY, args: Array(65).fill('x') }, false],
    ] as const) {
      const response = await postRun(testApp({ settings: SETTINGS }).app, body)
      expect(
        [isDescribed(body).length === 0, response.status === 200],
        JSON.stringify(body),
      ).toEqual([isGood, isGood])
    }
  })
})

async function postTwice(settings: Record<string, string>): Promise<Response> {
  const { app } = testApp({ settings })
  await postRun(app)
  return postRun(app)
}

function failing(error: Error): Promise<Response> {
  return postRun(testApp({ answer: () => Promise.reject(error) }).app)
}
