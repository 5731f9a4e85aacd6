// One attempt to tell a webhook: what is sent, and what each answer means.

import { describe, expect, it } from 'vitest'
import { sendWebhook } from '../../../src/webhooks/send.ts'
import { isSigned } from '../../support/webhook-receiver.ts'
import { LOOPBACK, message, SECRET } from './support/messages.ts'
import { answer, receiver } from './support/receiver.ts'
import { endOf, send } from './support/send.ts'

it('is a POST of JSON with a signature that holds, and nothing that nobody asked for', async () => {
  const { received, url, port } = await receiver()
  expect(await send(url)).toEqual({ end: 'delivered', status: 204 })
  const { method, path, headers = {}, body = '' } = received[0] ?? {}
  expect([method, path, body]).toEqual(['POST', '/hook?token=t', '{"type":"run.ended"}'])
  expect(isSigned(headers, body, SECRET)).toBe(true)
  expect(headers).toEqual({
    host: `127.0.0.1:${port}`,
    connection: 'close',
    'content-type': 'application/json',
    'content-length': '20',
    'user-agent': 'safe-code-executor/1.2.3',
    'webhook-id': 'run-1',
    'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
    'webhook-signature': expect.stringMatching(/^v1,.{44}$/),
  })
})

it('is not sent where it could only be signed with no key', async () => {
  const { received, url } = await receiver()
  const unsigned = { ...message(url), secret: 'whsec_!!!!!!!!!!!!!!!!' }
  const end = await sendWebhook(unsigned, { isAllowed: LOOPBACK, version: '1.2.3' })
  expect(end).toEqual({ end: 'failed', reason: 'the secret has no key in it' })
  expect(received).toEqual([])
})

it('takes no proxy from the environment, and sends no cookie back', async () => {
  const proxy = await receiver()
  const { received, url } = await receiver(answer(307, { location: '/', 'set-cookie': 'a=b' }))
  const names = ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY']
  const before = names.map((name) => [name, process.env[name]] as const)
  for (const name of names) process.env[name] = `http://127.0.0.1:${proxy.port}`
  try {
    await send(url)
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
  expect(proxy.received).toEqual([])
  expect(received.map(({ headers }) => headers.cookie)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

describe('an answer', () => {
  it.each([200, 201, 202, 204, 299])('is a success: %i', async (status) => {
    expect(await endOf(answer(status))).toEqual({ end: 'delivered', status })
  })

  it.each([300, 301, 302, 303, 304, 305, 400, 401, 403, 404, 405, 410, 413, 422, 451, 499])(
    'is final: %i',
    async (status) => {
      const end = await endOf(answer(status, { location: '/elsewhere' }))
      expect(end).toEqual({ end: 'failed', status, reason: 'the answer is not a success' })
    },
  )

  it.each([408, 425, 429, 500, 502, 503, 504, 599])('may be another later: %i', async (status) => {
    const end = await endOf(answer(status))
    expect(end).toMatchObject({ end: 'retry', status, retryAfterMs: 0 })
  })

  it('says when to come again', async () => {
    expect(await endOf(answer(503, { 'retry-after': '7' }))).toMatchObject({ retryAfterMs: 7000 })
    expect(await endOf(answer(429, { 'retry-after': '86400' }))).toMatchObject({
      retryAfterMs: 300_000,
    })
  })

  it('counts by its head alone: its body may break off', async () => {
    const end = await endOf((response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('x', () => response.destroy())
    })
    expect(end).toEqual({ end: 'delivered', status: 200 })
  })
})

describe('a redirect', () => {
  it.each([307, 308])('is followed with the same message: %i', async (status) => {
    const { received, url } = await receiver((response, index) =>
      index === 0
        ? response.writeHead(status, { location: '/there#part' }).end('moved')
        : response.writeHead(204).end(),
    )
    expect(await send(url)).toEqual({ end: 'delivered', status: 204 })
    const [first, second] = received
    expect([second?.method, second?.path, second?.body]).toEqual(['POST', '/there', first?.body])
    expect(second?.headers['webhook-signature']).toBe(first?.headers['webhook-signature'])
  })

  it('is followed three times', async () => {
    const { received, url } = await receiver(answer(307, { location: '/there' }))
    expect(await send(url)).toEqual({
      ...{ end: 'failed', status: 307, reason: 'the redirect is not followed' },
    })
    expect(received.length).toBe(4)
  })

  it.each([
    ['nowhere', {}],
    ['another protocol', { location: 'file:///etc/passwd' }],
  ])('is not followed to %s', async (_, headers: Record<string, string>) => {
    const { received, url } = await receiver(answer(308, headers))
    expect(await send(url)).toMatchObject({ end: 'failed', status: 308 })
    expect(received.length).toBe(1)
  })
})
