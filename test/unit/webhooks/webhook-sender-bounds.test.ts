// Telling webhooks is bounded: at once, in number, in length, and in time when the server ends.

import { describe, expect, it, vi } from 'vitest'
import { answer, noAnswer, receiver } from './support/receiver.ts'
import { hasEnded, NONE, openSender } from './support/sender.ts'

/** What is counted when all that was added has been looked at. */
async function settled(sender: ReturnType<typeof openSender>['sender']) {
  for (let turn = 0; turn < 1000; turn += 1) await new Promise(setImmediate)
  return sender.counts
}

describe('at once', () => {
  it.each([
    ['one client’s', 8, 1, 5],
    ['all', 16, 5, 12],
  ])('two messages go to one host, and of %s messages %i', async (_, most, clients, hosts) => {
    let running = 0
    const seen = { most: 0, ofHost: new Map<string, number>(), mostOfHost: 0 }
    const { received, port } = await receiver((response, _, { headers }) => {
      const host = headers.host ?? ''
      const change = (by: number) => {
        running += by
        const ofHost = (seen.ofHost.get(host) ?? 0) + by
        seen.ofHost.set(host, ofHost)
        seen.most = Math.max(seen.most, running)
        seen.mostOfHost = Math.max(seen.mostOfHost, ofHost)
      }
      change(1)
      setTimeout(() => {
        change(-1)
        response.end()
      }, 100)
    })
    const { sender, add } = openSender({
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    })
    for (let i = 0; i < 60; i += 1) {
      const owner = `key:${Math.floor(i / hosts) % clients}`
      add(`http://h${i % hosts}.example:${port}/`, `run-${i}`, owner)
    }
    await hasEnded(sender)
    expect(received.length).toBe(60)
    expect(seen).toMatchObject({ most, mostOfHost: 2 })
  })

  it('a client whose receivers do not answer does not hold up another', async () => {
    const slow = await receiver(noAnswer)
    const fast = await receiver()
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
    const { sender, add } = openSender({ resolve })
    for (let i = 0; i < 100; i += 1) add(`http://h${i}.example:${slow.port}/`, `run-${i}`)
    await vi.waitFor(() => expect(slow.received.length).toBe(8))
    add(`http://fast.example:${fast.port}/`, 'quick', 'key:two')
    await vi.waitFor(() => expect(fast.received.length).toBe(1), { timeout: 4000 })
    expect(sender.counts).toMatchObject({ delivered: 1, queued: 100 })
  })

  it('a backlog of one client does not go before another client’s message to the same host', async () => {
    const { received, url } = await receiver((response) => {
      setTimeout(() => response.end(), 20)
    })
    const { sender, add } = openSender()
    for (let i = 0; i < 60; i += 1) add(url, `run-${i}`)
    await vi.waitFor(() => expect(received.length).toBeGreaterThan(1))
    add(url, 'other', 'key:two')
    const before = received.length
    await hasEnded(sender)
    const place = received.findIndex(({ headers }) => headers['webhook-id'] === 'other')
    expect(place - before).toBeLessThanOrEqual(4)
    const own = received.map(({ headers }) => headers['webhook-id']).filter((id) => id !== 'other')
    expect(own).toHaveLength(60)
  })

  it('a host that does not answer does not hold up another', async () => {
    const slow = await receiver(noAnswer)
    const fast = await receiver()
    const { sender, add } = openSender()
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
    const other = openSender({ resolve })
    for (let i = 0; i < 20; i += 1) add(slow.url)
    other.add(fast.url.replace('127.0.0.1', 'fast.example'))
    await hasEnded(other.sender)
    expect(sender.counts.queued).toBe(20)
    expect(slow.received.length).toBe(2)
  })

  it('a message that waits to be tried again holds up no other', async () => {
    const { received, url } = await receiver((response, index) =>
      response.writeHead(index < 10 ? 500 : 204).end(),
    )
    const { sender, add } = openSender({ pauseMs: () => 60_000 })
    for (let i = 0; i < 11; i += 1) add(url)
    await vi.waitFor(() => expect(received.length).toBe(11))
    await vi.waitFor(() =>
      expect(sender.counts).toEqual({ ...NONE, delivered: 1, retried: 10, queued: 10 }),
    )
  })
})

describe('what is too much', () => {
  it('in number is dropped, counted and logged', async () => {
    const { url } = await receiver(noAnswer)
    const { sender, add, log } = openSender({ maxQueued: 3 })
    for (let i = 0; i < 5; i += 1) add(url, `run-${i}`)
    expect(sender.counts).toEqual({ ...NONE, queued: 3, dropped: 2 })
    expect(log()).toMatchObject([
      { level: 40, run: 'run-3', host: '127.0.0.1' },
      { level: 40, run: 'run-4', host: '127.0.0.1' },
    ])
  })

  it('by default is more than nine hundred of a client, and leaves room for others', async () => {
    const { url } = await receiver(noAnswer)
    const { sender, add } = openSender()
    for (let i = 0; i < 1000; i += 1) add(url)
    expect(sender.counts).toEqual({ ...NONE, queued: 900, dropped: 100 })
    for (let i = 0; i < 1000; i += 1) add(url, undefined, `key:${i}`)
    expect(sender.counts).toEqual({ ...NONE, queued: 1000, dropped: 1000 })
  })

  it('in length of one client leaves room for another', async () => {
    const { url } = await receiver(noAnswer)
    const { sender, add } = openSender({ maxQueuedBytes: 10_000 })
    for (let i = 0; i < 100; i += 1) add(url)
    await vi.waitFor(() => expect(sender.counts.dropped).toBeGreaterThan(0))
    const { dropped } = await settled(sender)
    add(url, undefined, 'key:two')
    expect(await settled(sender)).toMatchObject({ dropped, queued: 101 - dropped })
  })

  it('in length is dropped, and there is room again when others have arrived', async () => {
    const { url } = await receiver()
    const { sender, add } = openSender({ maxQueuedBytes: 1000 })
    for (let i = 0; i < 5; i += 1) add(url)
    await hasEnded(sender)
    expect(sender.counts).toMatchObject({ delivered: 2, dropped: 3 })
    add(url)
    await hasEnded(sender)
    expect(sender.counts).toEqual({ ...NONE, delivered: 3, dropped: 3 })
  })
})

describe('close', () => {
  it('waits for the attempts that go on', async () => {
    const { url, received } = await receiver((response) => {
      setTimeout(() => response.end(), 150)
    })
    const { sender, add } = openSender()
    for (let i = 0; i < 3; i += 1) add(url)
    await vi.waitFor(() => expect(received.length).toBe(2))
    await sender.close(5000)
    // Two went to the host; the third had not begun.
    expect(sender.counts).toEqual({ ...NONE, delivered: 2, dropped: 1 })
  })

  it('does not wait longer than it is told', async () => {
    const { url, received } = await receiver(noAnswer)
    const { sender, add } = openSender()
    add(url)
    await vi.waitFor(() => expect(received.length).toBe(1))
    const startedAtMs = performance.now()
    await sender.close(50)
    expect(performance.now() - startedAtMs).toBeLessThan(1000)
    expect(sender.counts).toEqual({ ...NONE, dropped: 1 })
  })

  it('does not wait for what would be tried again', async () => {
    const { url } = await receiver(answer(500))
    const { sender, add, log } = openSender({ pauseMs: () => 60_000 })
    add(url)
    await vi.waitFor(() => expect(sender.counts.retried).toBe(1))
    await sender.close(60_000)
    expect(sender.counts).toEqual({ ...NONE, retried: 1, dropped: 1 })
    expect(log().at(-1)).toMatchObject({ level: 40, run: 'run-1' })
  })

  it('lets nothing begin afterwards', async () => {
    const { received, url } = await receiver()
    const { sender, add } = openSender()
    await sender.close(1000)
    add(url)
    await sender.close(1000)
    expect(sender.counts).toEqual({ ...NONE, dropped: 1 })
    expect(received).toEqual([])
  })
})
