// Telling webhooks: tried again in its time, and given up in its time.

import { describe, expect, it, vi } from 'vitest'
import { addressFilter } from '../../../src/webhooks/address-filter.ts'
import { backoffMs } from '../../../src/webhooks/backoff.ts'
import { isSigned } from '../../support/webhook-receiver.ts'
import { endedRun, SECRET } from './support/messages.ts'
import { answer, answers, receiver } from './support/receiver.ts'
import { hasEnded, NONE, openSender } from './support/sender.ts'

it('tells the whole run, signed, under the run’s id', async () => {
  const { received, url } = await receiver()
  const { sender, add, log } = openSender()
  add(url, 'run-7')
  expect(sender.counts).toEqual({ ...NONE, queued: 1 })
  await hasEnded(sender)
  expect(sender.counts).toEqual({ ...NONE, delivered: 1 })
  const { headers = {}, body = '' } = received[0] ?? {}
  expect(headers).toMatchObject({ 'webhook-id': 'run-7' })
  expect(isSigned(headers, body, SECRET)).toBe(true)
  expect(JSON.parse(body)).toEqual({
    ...{ type: 'run.ended', timestamp: '2026-01-31T12:00:02.000Z', data: endedRun('run-7') },
  })
  expect(log()).toMatchObject([
    { level: 30, run: 'run-7', host: '127.0.0.1', status: 204, attempt: 1 },
  ])
  expect(JSON.stringify(log())).not.toMatch(/hook\?|token|whsec/)
})

describe('a message', () => {
  it('is tried again until it arrives, the same each time', async () => {
    const { received, url } = await receiver(answers(500, 429, 503, 408, 200))
    const pauses: number[] = []
    const { sender, add, log } = openSender({
      pauseMs: (attempt) => {
        pauses.push(attempt)
        return attempt * 40
      },
    })
    add(url)
    await hasEnded(sender)
    expect(sender.counts).toEqual({ ...NONE, delivered: 1, retried: 4 })
    expect(pauses).toEqual([1, 2, 3, 4])
    const times = received.map(({ atMs }) => atMs)
    for (const [i, waitMs] of [40, 80, 120, 160].entries()) {
      expect((times[i + 1] ?? 0) - (times[i] ?? 0)).toBeGreaterThanOrEqual(waitMs - 2)
    }
    expect(new Set(received.map(({ body, headers }) => body + headers['webhook-id'])).size).toBe(1)
    expect(log().map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5])
    expect(log().map(({ status }) => status)).toEqual([500, 429, 503, 408, 200])
  })

  it('is given up after five attempts', async () => {
    const { received, url } = await receiver(answer(500))
    const { sender, add, log } = openSender()
    add(url)
    await hasEnded(sender)
    expect(received.length).toBe(5)
    expect(sender.counts).toEqual({ ...NONE, failed: 1, retried: 4 })
    expect(log().at(-1)).toMatchObject({ level: 40, status: 500, attempt: 5 })
  })

  it.each([400, 404, 410, 301])('is given up at once where the answer is %i', async (status) => {
    const { received, url } = await receiver(answer(status))
    const { sender, add } = openSender()
    add(url)
    await hasEnded(sender)
    expect(received.length).toBe(1)
    expect(sender.counts).toEqual({ ...NONE, failed: 1 })
  })

  it('is given up at once where it may not be sent', async () => {
    const { received, url } = await receiver()
    const { sender, add, log } = openSender({ isAllowed: addressFilter([]) })
    add(url)
    await hasEnded(sender)
    expect(received).toEqual([])
    expect(sender.counts).toEqual({ ...NONE, failed: 1 })
    expect(log()).toMatchObject([{ host: '127.0.0.1', reason: 'the address may not be reached' }])
  })

  it('waits as long as the receiver asks', async () => {
    const { url } = await receiver((response, index) =>
      response.writeHead(index === 0 ? 429 : 204, { 'retry-after': '3' }).end(),
    )
    const asked: number[] = []
    const { sender, add } = openSender({ pauseMs: (_, askedMs) => asked.push(askedMs) })
    add(url)
    await hasEnded(sender)
    expect(asked).toEqual([3000])
  })

  it('waits as the pauses of this service are, where nothing else is said', async () => {
    const { url } = await receiver(answer(503))
    const { add, log } = openSender({ pauseMs: backoffMs })
    add(url)
    await vi.waitFor(() => expect(log().length).toBe(1))
    expect(log()[0].waitMs).toBeGreaterThanOrEqual(800)
    expect(log()[0].waitMs).toBeLessThanOrEqual(1200)
  })
})
