// What a real server answers is what its API document says.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiDocument, answerOf, readDocument, schemaCheck } from '../support/openapi.ts'
import { type Server, startServer } from '../support/server.ts'

const RUN = ['post', '/run'] as const

let server: Server
let document: ApiDocument
beforeAll(async () => {
  server = await startServer({ POOL_SIZE: '1', MAX_TIMEOUT_SECONDS: '3' })
  document = await readDocument(await fetch(`${server.url}/openapi.json`))
})
afterAll(() => server.stop())

describe('an outcome', () => {
  it.each([
    ['ok', { code: '"é"', displayLastExpression: true, outputFiles: ['*'] }],
    ['ok', { code: 'open("b", "wb").write(b"\\xff" * 3_000_000)', outputFiles: ['b'] }],
    ['error', { code: '1 / 0' }],
    ['timeout', { code: 'while True: pass', timeoutSeconds: 0.5 }],
    ['oom', { code: 'x = []\nwhile True: x.append(bytearray(10**6))' }],
    ['output_limit', { code: 'while True: print("x" * 1000)' }],
    ['killed', { code: 'import os\nos.kill(os.getpid(), 11)' }],
  ])('%s is as described: %j', async (status, request) => {
    const body = await server.run(request)
    expect(body.status).toBe(status)
    expect(schemaCheck(document, answerOf(document, RUN, 200).schema)(body)).toEqual([])
  })
})

it('events are as described, the last one is the outcome', async () => {
  const Accept = 'text/event-stream'
  const response = await server.post(
    { code: 'import sys\nprint(1)\nprint(2, file=sys.stderr)' },
    { headers: { Accept, 'Content-Type': 'application/json' } },
  )
  const described = answerOf(document, RUN, 200, Accept)['x-events'] ?? {}
  const text = await response.text()
  const events = [...text.matchAll(/^event: (.+)\ndata: (.+)$/gm)]
  expect(new Set(events.map(([, name]) => name))).toEqual(new Set(['stdout', 'stderr', 'result']))
  for (const [, name = '', data = ''] of events) {
    expect(schemaCheck(document, described[name] ?? {})(JSON.parse(data)), name).toEqual([])
  }
})

it.each([
  [400, { code: 1 }, {}],
  [413, { code: 'x'.repeat(3_000_000) }, {}],
  [415, { code: '1' }, { 'Content-Type': 'text/plain' }],
])('a refusal with %i is as described', async (status, body, headers) => {
  const given = { 'Content-Type': 'application/json', ...headers }
  const response = await server.post(body, { headers: given })
  expect(response.status).toBe(status)
  const { schema } = answerOf(document, RUN, status)
  expect(schemaCheck(document, schema)(await response.json())).toEqual([])
})

it.each(['/environments', '/readyz', '/healthz'])('GET %s is as described', async (path) => {
  const response = await fetch(`${server.url}${path}`)
  const { schema } = answerOf(document, ['get', path], 200)
  expect(schemaCheck(document, schema)(await response.json())).toEqual([])
})
