// What the API document says of asynchronous runs is what the app answers.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ApiDocument,
  answerOf,
  examplesOf,
  type Media,
  readDocument,
  schemaCheck,
} from '../../support/openapi.ts'
import { outcome, postRun, testApp } from '../support/app.ts'
import { asyncApp, postRuns, shownRun, submitted } from '../support/async-runs.ts'
import { parseEvents } from '../support/events.ts'
import { type TestRunLog, testRunLog } from '../support/run-log.ts'

const SUBMIT = ['post', '/runs'] as const
const FIND = ['get', '/runs/{id}'] as const
const CANCEL = ['delete', '/runs/{id}'] as const
const EVENTS = ['get', '/runs/{id}/events'] as const

let document: ApiDocument
let log: TestRunLog
beforeAll(async () => {
  log = await testRunLog()
  const { app } = testApp({ settings: { WEBHOOKS: 'on' }, runLog: log.runLog })
  document = await readDocument(await app.request('/openapi.json'))
})
afterAll(() => log.remove())

const problems = ({ schema }: Media, value: unknown) => schemaCheck(document, schema)(value)

function submission(): Media {
  const media = document.paths['/runs']?.post?.requestBody?.content['application/json']
  if (!media) throw new Error('POST /runs takes nothing')
  return media
}

it('every example is what it is an example of', () => {
  for (const [name, value] of examplesOf(submission())) {
    expect(problems(submission(), value), name).toEqual([])
  }
  for (const [operation, status] of [[SUBMIT, 202] as const, [FIND, 200] as const]) {
    const media = answerOf(document, operation, status)
    for (const [name, value] of examplesOf(media)) expect(problems(media, value), name).toEqual([])
  }
  const stream = answerOf(document, EVENTS, 200, 'text/event-stream')
  const events = stream['x-events'] ?? {}
  expect(Object.keys(events)).toEqual(['start', 'stdout', 'stderr', 'end'])
  for (const [, value] of examplesOf(stream)) {
    for (const [name, data] of parseEvents(String(value))) {
      if (data) expect(schemaCheck(document, events[name] ?? {})(data), name).toEqual([])
    }
  }
})

describe('what the app answers is as the document says', () => {
  it('from the first answer to the last', async () => {
    const { app, control } = asyncApp()
    const one = await postRuns(app)
    const run = (await one.json()) as { id: string }
    expect(problems(answerOf(document, SUBMIT, 202), run)).toEqual([])
    const batch = await postRuns(app, { runs: [{ code: '1' }, { code: '2' }] })
    expect(problems(answerOf(document, SUBMIT, 202), await batch.json())).toEqual([])
    const get = async () => (await app.request(`/runs/${run.id}`)).json()
    expect(problems(answerOf(document, FIND, 200), await get())).toEqual([])
    const given = await control.nextStarted()
    given.finish()
    await shownRun(app, run.id, 'finished')
    expect(problems(answerOf(document, FIND, 200), await get())).toEqual([])
    const events = answerOf(document, EVENTS, 200, 'text/event-stream')['x-events'] ?? {}
    const text = await (await app.request(`/runs/${run.id}/events`)).text()
    for (const [name, data] of parseEvents(text)) {
      if (data) expect(schemaCheck(document, events[name] ?? {})(data), name).toEqual([])
    }
    const { id } = await submitted(app)
    const cancelled = await app.request(`/runs/${id}`, { method: 'DELETE' })
    expect(problems(answerOf(document, CANCEL, 200), await cancelled.json())).toEqual([])
  })

  it('where it is the record of the run log', async () => {
    const { app, executor } = testApp({
      settings: { READ_RUNS_WITHOUT_KEY: 'on' },
      runLog: log.runLog,
    })
    const id = 'logged-1'
    executor.answer = async () => outcome({ id })
    await postRun(app)
    await log.written()
    const record = await (await app.request(`/runs/${id}`)).json()
    expect(problems(answerOf(document, FIND, 200), record)).toEqual([])
  })

  it('where it is a refusal', async () => {
    const settings = { MAX_QUEUED: '1', MAX_BODY_BYTES: '500', RATE_LIMIT: '4/60' }
    const { app } = asyncApp({ settings })
    const key = { 'Idempotency-Key': 'k' }
    await postRuns(app, undefined, key)
    const answers = [
      await postRuns(app, { code: 1 }),
      await postRuns(app, { code: 'other' }, key),
      await postRuns(app, { code: 'x'.repeat(500) }),
      await postRuns(app, undefined, { 'Content-Type': 'text/plain' }),
      await postRuns(app, { runs: [{ code: '1' }, { code: '2' }] }),
      await postRuns(app, { runs: Array(5).fill({ code: '1' }) }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([400, 409, 413, 415, 503, 429])
    for (const answer of answers) {
      expect(problems(answerOf(document, SUBMIT, answer.status), await answer.json())).toEqual([])
    }
    for (const [operation, path] of [
      [FIND, '/runs/x'],
      [EVENTS, '/runs/x/events'],
    ] as const) {
      const answer = await app.request(path)
      expect(problems(answerOf(document, operation, 404), await answer.json())).toEqual([])
    }
  })
})

it('a server that sends no webhooks says so in its document', async () => {
  const { app } = testApp()
  const own = await readDocument(await app.request('/openapi.json'))
  const media = own.paths['/runs']?.post?.requestBody?.content['application/json']
  const body = { code: '1', webhook: { url: 'https://example.org', secret: 's'.repeat(16) } }
  expect(schemaCheck(own, media?.schema ?? {})(body)).not.toEqual([])
  expect(problems(submission(), body)).toEqual([])
})
