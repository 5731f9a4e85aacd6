// POST /runs: what is taken, what is refused, what it costs.

import { describe, expect, it } from 'vitest'
import { type AsyncRun, asyncRunSchema } from '../../../src/run/async-run.ts'
import { memoryLog, testKey } from '../support/app.ts'
import { asyncApp, postRuns, shownRun, submitted, withKey } from '../support/async-runs.ts'

const errorOf = async (answer: Response) => [
  answer.status,
  ((await answer.json()) as { error: string }).error,
]

describe('a run', () => {
  it('is taken at once, and has a place', async () => {
    const { app, control } = asyncApp()
    const answer = await postRuns(app, { code: 'print(1)', stdin: 'x' })
    expect(answer.status).toBe(202)
    const run = asyncRunSchema.parse(await answer.json())
    expect(run).toMatchObject({ state: 'queued', environment: 'python', result: null })
    expect(run.id).toMatch(/^[0-9a-f-]{36}$/)
    expect(answer.headers.get('Location')).toBe(`/runs/${run.id}`)
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    const given = await control.next()
    expect(given.request).toMatchObject({ code: 'print(1)', stdin: 'x', timeoutSeconds: 10 })
    expect(given.options.id).toBe(run.id)
  })

  it('of a batch is one of many, in order', async () => {
    const { app, control } = asyncApp()
    const answer = await postRuns(app, { runs: [{ code: '1' }, { code: '2' }] })
    expect([answer.status, answer.headers.get('Location')]).toEqual([202, null])
    const { runs } = (await answer.json()) as { runs: AsyncRun[] }
    expect(new Set(runs.map(({ id }) => id)).size).toBe(2)
    for (const [place, run] of runs.entries()) {
      const given = await control.nextStarted()
      expect([given.options.id, given.request.code]).toEqual([run.id, String(place + 1)])
      given.finish()
    }
  })

  it('is counted and logged as a run when it ends, in the name of who asked', async () => {
    const { app, control, metrics } = asyncApp({ keys: [testKey('a')] })
    const { id } = await submitted(app, undefined, withKey('a'))
    const given = await control.nextStarted()
    expect(given.options.origin).toMatchObject({ key: { name: 'a' } })
    given.finish()
    await shownRun(app, id, 'finished', withKey('a'))
    expect(await metrics.text()).toContain(
      'safe_code_executor_runs_total{status="ok",environment="python"} 1',
    )
  })
})

describe('a body', () => {
  const many = (count: number) => ({ runs: Array.from({ length: count }, () => ({ code: '1' })) })

  it.each([
    [{}, 'code: is required'],
    [{ code: ' ' }, 'code: must not be blank'],
    [{ code: '1', cod: 1 }, 'cod: unknown field'],
    ['[1]', 'body: must be a JSON object'],
    ['{"code"', 'body: is not valid JSON'],
    ['', 'body: is not valid JSON'],
    [{ runs: [] }, 'runs: must have at least 1 item'],
    [many(101), 'runs: must have at most 100 items'],
    [{ runs: 1 }, 'runs: must be an array of runs'],
    [{ runs: [{ code: '1' }], code: '1' }, 'code: unknown field'],
    [{ runs: [{ code: '1' }, 1] }, 'runs[1]: must be a JSON object'],
    [
      { runs: [{ code: '1' }, { code: '' }, { code: 1, files: [{ path: 'a' }] }] },
      'runs[1].code: must not be blank; runs[2].code: must be a string; runs[2].files[0].content: is required',
    ],
    [{ runs: [{ code: '1', runs: [] }] }, 'runs[0].runs: unknown field'],
  ])('that is not good is refused by name, and nothing is taken: %j', async (body, error) => {
    const { app, control } = asyncApp()
    expect(await errorOf(await postRuns(app, body))).toEqual([400, error])
    expect(control.given).toEqual([])
  })

  it('may have a hundred runs', async () => {
    expect((await postRuns(asyncApp().app, many(100))).status).toBe(202)
  })

  it('has the limits of the key', async () => {
    const { app } = asyncApp({
      keys: [testKey('short', { maxTimeoutSeconds: 2 }), testKey('long')],
    })
    const body = { runs: [{ code: '1', timeoutSeconds: 5 }] }
    expect(await errorOf(await postRuns(app, body, withKey('short')))).toEqual([
      ...[400, 'runs[0].timeoutSeconds: must be above 0 and at most 2'],
    ])
    expect((await postRuns(app, body, withKey('long'))).status).toBe(202)
  })
})

describe('a webhook', () => {
  const secret = 's'.repeat(16)
  const url = 'https://example.org/hook?x=1'

  it('is refused where the server sends none', async () => {
    const post = await postRuns(asyncApp().app, { code: '1', webhook: { url, secret } })
    expect(await errorOf(post)).toEqual([
      ...[
        400,
        'webhook: this server sends no webhooks; its operator can enable them with WEBHOOKS=on',
      ],
    ])
  })

  it.each([
    [{ url, secret }, 202],
    [{ url: 'http://10.0.0.1:8080', secret }, 202],
    [{ url }, 'webhook.secret: is required'],
    [{ url, secret: 's'.repeat(15) }, 'webhook.secret: must have at least 16 characters'],
    [{ url, secret: 's'.repeat(257) }, 'webhook.secret: must have at most 256 characters'],
    [
      { url: `https://example.org/${'x'.repeat(2048)}`, secret },
      'webhook.url: must have at most 2048',
    ],
    [{ url: 'ftp://example.org', secret }, 'webhook.url: must be an http or https URL'],
    [{ url: '/hook', secret }, 'webhook.url: must be an http or https URL'],
    [{ url: 'https://user:word@example.org', secret }, 'webhook.url: must not have a user'],
    [{ url: `${url}#part`, secret }, 'webhook.url: must not have a fragment'],
    [{ url: `${url}\ud800`, secret }, 'webhook.url: must not contain a lone surrogate'],
    [{ url, secret: `${secret}\udfff` }, 'webhook.secret: must not contain a lone surrogate'],
    [{ url, secret: `whsec_${'!'.repeat(16)}` }, 'webhook.secret: must be base64 after "whsec_"'],
    [{ url, secret: `whsec_${'A'.repeat(15)}` }, 'webhook.secret: must be base64 after "whsec_"'],
    [{ url, secret: `whsec_${'A'.repeat(32)}` }, 202],
    [{ url, secret, method: 'GET' }, 'webhook.method: unknown field'],
    ['https://example.org', 'webhook: must be an object'],
  ])('has an address of the web and a secret: %j', async (webhook, expected) => {
    const { app } = asyncApp({ settings: { WEBHOOKS: 'on' } })
    const answer = await postRuns(app, { code: '1', webhook })
    if (typeof expected === 'number') expect(answer.status).toBe(expected)
    else {
      expect((await errorOf(answer)).join(' ')).toContain(`400 ${expected}`)
      const batch = await postRuns(app, { runs: [{ code: '1' }, { code: '1', webhook }] })
      expect((await errorOf(batch)).join(' ')).toContain(`400 runs[1].${expected}`)
    }
  })
})

describe('an idempotency key', () => {
  const key = (value: string) => ({ 'Idempotency-Key': value })

  it('gives the same run for the same body, and refuses another one', async () => {
    const { app, control } = asyncApp()
    const first = await submitted(app, undefined, key('k'))
    expect(await submitted(app, undefined, key('k'))).toMatchObject({ id: first.id })
    const other = await postRuns(app, { code: 'other' }, key('k'))
    expect(other.status).toBe(409)
    expect(await other.json()).toMatchObject({ code: 'conflict' })
    expect((await submitted(app, undefined, key('other'))).id).not.toBe(first.id)
    expect((await submitted(app)).id).not.toBe(first.id)
    const given = await control.nextStarted()
    given.finish()
    await shownRun(app, first.id, 'finished')
    expect(await submitted(app, undefined, key('k'))).toMatchObject({
      ...{ id: first.id, state: 'finished' },
    })
  })

  it('is each client’s own', async () => {
    const { app } = asyncApp({ keys: [testKey('a'), testKey('b')] })
    const idOf = async (name: string) =>
      (await submitted(app, undefined, { ...withKey(name), ...key('k') })).id
    expect(await idOf('a')).not.toBe(await idOf('b'))
  })

  it.each(['', ' ', 'a b', 'é', 'x'.repeat(256)])(
    'is refused where it is none: %j',
    async (value) => {
      const { app, control } = asyncApp()
      const answer = await postRuns(app, undefined, key(value))
      expect(await errorOf(answer)).toEqual([
        ...[400, 'Idempotency-Key: must be 1 to 255 visible ASCII characters'],
      ])
      expect(control.given).toEqual([])
    },
  )
})

describe('what it must pass', () => {
  it('is what POST /run must pass', async () => {
    const keys = [testKey('reader', { rights: ['read-runs'] })]
    const { app } = asyncApp({ keys, settings: { MAX_BODY_BYTES: '1000' } })
    expect((await postRuns(app)).status).toBe(401)
    expect((await postRuns(app, undefined, withKey('reader'))).status).toBe(403)
    expect((await postRuns(app, { code: 'x'.repeat(1000) })).status).toBe(413)
    expect((await postRuns(app, undefined, { 'Content-Type': 'text/plain' })).status).toBe(415)
  })

  it('is a server that does not end', async () => {
    const { app, drain } = asyncApp()
    drain.refuseRuns()
    const answer = await postRuns(app)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ code: 'unavailable' })
  })

  it('is room for all of it', async () => {
    const { app } = asyncApp({ settings: { MAX_QUEUED: '2' } })
    const body = (count: number) => ({ runs: Array(count).fill({ code: '1' }) })
    const refused = await postRuns(app, body(4))
    expect([refused.status, refused.headers.get('Retry-After')]).toEqual([503, '1'])
    expect(await refused.json()).toMatchObject({ code: 'busy' })
    expect((await postRuns(app, body(3))).status).toBe(202)
  })
})

describe('the rate', () => {
  const settings = { RATE_LIMIT: '5/60', MAX_QUEUED: '4' }
  const body = (count: number) => ({ runs: Array(count).fill({ code: '1' }) })
  const left = ({ status, headers }: Response) => [
    status,
    Number(headers.get('RateLimit')?.match(/r=(\d+)/)?.[1]),
  ]

  it('counts each run of a batch, and those that are taken stay counted', async () => {
    const { app } = asyncApp({ settings })
    expect(left(await postRuns(app, body(3)))).toEqual([202, 2])
    expect(left(await postRuns(app))).toEqual([202, 1])
    expect(left(await postRuns(app, body(2)))).toEqual([429, 1])
    expect(left(await postRuns(app))).toEqual([202, 0])
    expect(left(await postRuns(app))).toEqual([429, 0])
  })

  it('has all of a batch or none', async () => {
    const { app, control } = asyncApp({ settings })
    const refused = await postRuns(app, body(6))
    expect(left(refused)).toEqual([429, 5])
    expect(refused.headers.get('Retry-After')).toBe('60')
    expect(control.given).toEqual([])
    expect(left(await postRuns(app, body(5)))).toEqual([202, 0])
  })

  it('is not used up by what is refused', async () => {
    const { app } = asyncApp({ settings: { ...settings, MAX_QUEUED: '1' } })
    expect(left(await postRuns(app, body(3)))).toEqual([503, 5])
    expect(left(await postRuns(app, { runs: [{ code: '1' }, { code: '' }] }))).toEqual([400, 5])
    expect(left(await postRuns(app, body(2)))).toEqual([202, 3])
  })

  it('counts a post that came before once', async () => {
    const { app } = asyncApp({ settings: { ...settings, RATE_LIMIT: '6/60' } })
    const key = { 'Idempotency-Key': 'k' }
    expect(left(await postRuns(app, body(3), key))).toEqual([202, 3])
    expect(left(await postRuns(app, body(3), key))).toEqual([202, 2])
  })

  it('is not spent on looking', async () => {
    const { app } = asyncApp({ settings })
    const { id } = await submitted(app)
    for (let n = 0; n < 9; n += 1) await app.request(`/runs/${id}`)
    expect(left(await postRuns(app, body(4)))).toEqual([202, 0])
  })
})

it('logs nothing of the program, its webhook or its idempotency key', async () => {
  const { logger, lines } = memoryLog()
  const { app } = asyncApp({ logger, settings: { WEBHOOKS: 'on' } })
  const webhook = { url: 'https://example.org/secret', secret: 'secret-secret-secret' }
  const key = { 'Idempotency-Key': 'secret' }
  expect((await postRuns(app, { code: 'secret', webhook }, key)).status).toBe(202)
  expect((await postRuns(app, { code: 'secret', args: 'secret' }, key)).status).toBe(400)
  expect(lines).toHaveLength(2)
  expect(lines.join('')).not.toContain('secret')
})

describe('a batch with many faults', () => {
  it('is refused by the first of them', async () => {
    const bad = { code: '1', args: Array.from({ length: 15 }, () => 1) }
    const { app } = asyncApp()
    const [status, error] = await errorOf(await postRuns(app, { runs: [bad, bad, bad] }))
    expect(status).toBe(400)
    expect(error).toMatch(/^runs\[0\]\.args\[0\]: must be a string; .*; and 10 more$/)
    expect(error).not.toContain('runs[2]')
  })

  it('is counted before any run is judged', async () => {
    const { app } = asyncApp()
    const runs = Array.from({ length: 101 }, () => ({}))
    expect(await errorOf(await postRuns(app, { runs }))).toEqual([
      400,
      'runs: must have at most 100 items',
    ])
  })
})
