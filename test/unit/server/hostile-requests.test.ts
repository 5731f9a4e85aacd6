// What refusals cost: none is longer than 4 KB, none takes much longer than to parse what came.

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseSubmission, submissionSchemas } from '../../../src/async-runs/submission.ts'
import { parseJsonBody } from '../../../src/middleware/json-body.ts'
import { judged } from '../../../src/run/issues.ts'
import { Refusal } from '../../../src/run/refusal.ts'
import { runRequestSchema } from '../../../src/run/request.ts'
import {
  type HostileRequest,
  hostileRequest,
  LARGE_FORMS,
  LARGE_JSON,
  largeRequests,
  MAX_REFUSAL_BYTES,
} from '../../support/hostile-requests.ts'
import { testApp } from '../support/app.ts'
import { limitsOf } from '../support/request-limits.ts'
import { type TestRunLog, testRunLog } from '../support/run-log.ts'

/** How much longer than the parser a refusal may take. */
const TIMES_PARSE = 2
/** What it costs in any case, in milliseconds: to look a body of 2 MiB over, and to compile what does. */
const SLACK_MS = 8
/** What a form costs besides: it is read, decoded and answered with a page. */
const FORM_SLACK_MS = 60
/** Longest time for one request of a few kilobytes, in milliseconds, on a machine that does much else. */
const MAX_REQUEST_MS = 1000

const limits = limitsOf(['python'], { maxCodeBytes: 256 * 1024 })

/** How often something is timed, at least and at most. */
const [MIN_TIMES, MAX_TIMES] = [7, 40]

/** What the process computes for a task, in milliseconds: what else the machine does is not in it. */
async function computedMs(task: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await task()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/**
 * The least time of several that one task takes, and another one, in turns: a machine that becomes slow is slow for both. No
 * more are taken when the first is as cheap as it should be.
 */
async function leastMs(refuse: () => unknown, parse: () => unknown, slackMs: number) {
  let refuseMs = Number.POSITIVE_INFINITY
  let parseMs = Number.POSITIVE_INFINITY
  for (let n = 0; n < MAX_TIMES; n += 1) {
    refuseMs = Math.min(refuseMs, await computedMs(refuse))
    if (refuseMs < slackMs) break // some of them take the parser a second
    parseMs = Math.min(parseMs, await computedMs(parse))
    if (n >= MIN_TIMES && refuseMs < TIMES_PARSE * parseMs + slackMs) break
  }
  return { refuseMs, boundMs: TIMES_PARSE * parseMs + slackMs }
}

function attempt(task: () => unknown): unknown {
  try {
    return task()
  } catch (error) {
    return error
  }
}

describe('to refuse a body', () => {
  const run = runRequestSchema(limits)
  const submission = submissionSchemas(limits, true)

  it.each(Object.keys(LARGE_JSON))('is as cheap as to parse it: %s', async (name) => {
    const text = LARGE_JSON[name]?.() ?? ''
    for (const judge of [
      judged.bind(null, run),
      (body: unknown) => parseSubmission(body, submission),
    ]) {
      const refuse = () => attempt(() => judge(parseJsonBody(text)))
      expect(refuse()).toBeInstanceOf(Refusal)
      const parse = () => attempt(() => JSON.parse(text))
      const { refuseMs, boundMs } = await leastMs(refuse, parse, SLACK_MS)
      expect(refuseMs).toBeLessThan(boundMs)
    }
  })
})

describe('to refuse a form', () => {
  it.each(Object.keys(LARGE_FORMS))(
    'is as cheap as to parse a text of its length: %s',
    async (name) => {
      const { app } = testApp({ settings: { RATE_LIMIT: 'off' } })
      const [type, body] = LARGE_FORMS[name]?.() ?? ['', '']
      const text = JSON.stringify({ code: body })
      const headers = { 'Content-Type': type, 'Content-Length': String(body.length) }
      const refuse = async () => {
        const { status } = await app.request('/ui', { method: 'POST', headers, body })
        expect(status).toBe(400)
      }
      const parse = () => JSON.parse(text)
      const { refuseMs, boundMs } = await leastMs(refuse, parse, FORM_SLACK_MS)
      expect(refuseMs).toBeLessThan(boundMs)
    },
  )
})

describe('an answer', () => {
  let log: TestRunLog
  let app: ReturnType<typeof testApp>['app']
  beforeAll(async () => {
    log = await testRunLog()
    const settings = { RATE_LIMIT: 'off', READ_RUNS_WITHOUT_KEY: 'on', TRUST_PROXY: 'loopback' }
    app = testApp({ settings, runLog: log.runLog, peer: '127.0.0.1' }).app
  })
  afterAll(() => log.remove())

  const send = async ({ method, path, headers, body }: HostileRequest) => {
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
    const init = { method, headers: { ...headers, ...length }, ...(body !== undefined && { body }) }
    const startedAtMs = performance.now()
    const answer = await app.request(path, init)
    const text = await answer.text()
    return { answer, text, ms: performance.now() - startedAtMs }
  }

  const expectSmall = ({ answer, text }: Awaited<ReturnType<typeof send>>) => {
    expect(answer.status, text).toBeLessThan(500)
    if (answer.status < 400 || !answer.headers.get('Content-Type')?.includes('json')) return
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_REFUSAL_BYTES)
  }

  it('to a large request is short', async () => {
    for (const make of largeRequests()) {
      const request = make()
      const sent = await send(request)
      expect(sent.answer.status, request.name).toBe(400)
      expectSmall(sent)
      if (request.path === '/ui') expect(sent.text.length, request.name).toBeLessThan(20_000)
    }
  }, 60_000)

  it('to anything is short, and comes soon', async () => {
    await fc.assert(
      fc.asyncProperty(hostileRequest, async (request) => {
        const sent = await send(request)
        expectSmall(sent)
        expect(sent.ms).toBeLessThan(MAX_REQUEST_MS)
      }),
      { numRuns: 400, seed: 13, interruptAfterTimeLimit: 20_000 },
    )
  }, 30_000)

  it('repeats a path only so far', async () => {
    expectSmall(await send({ ...GET, path: `/${'%22'.repeat(4000)}` }))
    expectSmall(await send({ ...GET, path: `/run/${"'".repeat(12_000)}` }))
  })
})

const GET = { name: 'path', method: 'GET', headers: {} } as const
