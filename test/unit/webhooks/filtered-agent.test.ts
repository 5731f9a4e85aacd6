// The client of webhooks asks its filter about every address that it connects to, when it does.

import type { LookupAddress } from 'node:dns'
import { describe, expect, it } from 'vitest'
import { addressFilter } from '../../../src/webhooks/address-filter.ts'
import type { Resolve } from '../../../src/webhooks/filtered-agent.ts'
import { type SendOptions, sendWebhook } from '../../../src/webhooks/send.ts'
import { LOOPBACK, message } from './support/messages.ts'
import { answer, receiver } from './support/receiver.ts'

const FORBIDDEN = { end: 'failed', reason: 'the address may not be reached' }

/** One attempt, by default to public addresses alone. */
const send = (url: string, options: Partial<SendOptions> = {}) =>
  sendWebhook(message(url), { isAllowed: addressFilter([]), version: '1', ...options })

/** A DNS that gives these answers in turn, the last for all that follow, and counts. */
function dns(...answers: string[][]) {
  const asked: string[] = []
  const resolve: Resolve = async (hostname) => {
    const addresses = answers[Math.min(asked.push(hostname), answers.length) - 1] ?? []
    return addresses.map(
      (address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }),
    )
  }
  return { asked, resolve }
}

describe('a literal address, however it is written', () => {
  it.each([
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    '0177.0.0.1',
    '127.0.0.1.',
    '①②⑦.⓪.⓪.①',
    '%31%32%37.0.0.1',
    '0',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:7f00:0001]',
    '[::127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::]',
    '169.254.169.254',
    '[fd00:ec2::254]',
    '10.0.0.1',
  ])('is refused: %s', async (host) => {
    const { received, port } = await receiver()
    expect(await send(`http://${host}:${port}/`)).toEqual(FORBIDDEN)
    expect(await send(`https://${host}:${port}/`)).toEqual(FORBIDDEN)
    expect(received).toEqual([])
  })

  it('is reached where a network says so', async () => {
    const { received, port } = await receiver()
    const isAllowed = LOOPBACK
    expect(await send(`http://127.1:${port}/`, { isAllowed })).toMatchObject({ end: 'delivered' })
    expect(await send(`http://[::ffff:127.0.0.1]:${port}/`, { isAllowed })).toMatchObject({
      end: 'delivered',
    })
    expect(received.length).toBe(2)
  })
})

describe('a name', () => {
  it.each(['localhost', 'LOCALHOST'])('of this machine is refused: %s', async (host) => {
    const { received, port } = await receiver()
    expect(await send(`http://${host}:${port}/`)).toEqual(FORBIDDEN)
    expect(await send(`http://${host}:${port}/`, { isAllowed: LOOPBACK })).toMatchObject({
      end: 'delivered',
    })
    expect(received.length).toBe(1)
  })

  // Whether there is such a name depends on the system.
  it('of this machine with a dot at its end is refused, or not known', async () => {
    const { received, port } = await receiver()
    expect((await send(`http://localhost.:${port}/`)).end).not.toBe('delivered')
    expect(received).toEqual([])
  })

  it.each([
    ['loopback', ['127.0.0.1']],
    ['several, none of which may be reached', ['127.0.0.1', '10.0.0.1', '::1', '::ffff:127.0.0.1']],
    ['no address', []],
    ['what is no address', ['localhost']],
  ])('that stands for %s is refused', async (_, addresses) => {
    const { received, port } = await receiver()
    const { resolve, asked } = dns(addresses)
    expect(await send(`http://hooks.example:${port}/`, { resolve })).toEqual(FORBIDDEN)
    expect(asked).toEqual(['hooks.example'])
    expect(received).toEqual([])
  })

  it('is reached by the addresses that may be, and by no other', async () => {
    const { received, port } = await receiver()
    const forbidden = await receiver(undefined, '127.0.0.2', port)
    const { resolve } = dns(['::1', '127.0.0.2', '127.0.0.1'])
    const options = { resolve, isAllowed: addressFilter(['127.0.0.1/32']) }
    const end = await send(`http://hooks.example:${port}/`, options)
    expect(end).toEqual({ end: 'delivered', status: 204 })
    expect(received[0]?.headers.host).toBe(`hooks.example:${port}`)
    expect(forbidden.received).toEqual([])
  })

  it('that has another address a moment later is asked for once, and each connection is checked', async () => {
    const { received, port } = await receiver()
    // The first is the only one that a network allows; the second is where the receiver is.
    const { resolve, asked } = dns(['127.9.9.9'], ['127.0.0.1'])
    const options = { resolve, isAllowed: addressFilter(['127.9.9.9/32']) }
    expect(await send(`http://hooks.example:${port}/`, options)).toMatchObject({ end: 'retry' })
    expect(asked.length).toBe(1)
    expect(await send(`http://hooks.example:${port}/`, options)).toEqual(FORBIDDEN)
    expect(asked.length).toBe(2)
    expect(received).toEqual([])
  })

  it('that turns to loopback between a redirect and its target is refused', async () => {
    const { received, port } = await receiver(answer(307, { location: '/again' }))
    const { resolve, asked } = dns(['127.0.0.1'], ['127.0.0.2'])
    const options = { resolve, isAllowed: addressFilter(['127.0.0.1/32']) }
    expect(await send(`http://hooks.example:${port}/`, options)).toEqual(FORBIDDEN)
    expect(asked.length).toBe(2)
    expect(received.length).toBe(1)
  })

  it('that is not found may be later', async () => {
    const resolve: Resolve = async () => {
      throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' })
    }
    expect(await send('http://hooks.example/', { resolve })).toEqual({
      ...{ end: 'retry', reason: 'ENOTFOUND', retryAfterMs: 0 },
    })
  })

  it('that is not found in time may be later', async () => {
    const resolve: Resolve = () => new Promise(() => {})
    const end = await send('http://hooks.example/', { resolve, connectTimeoutMs: 50 })
    expect(end).toMatchObject({ end: 'retry', reason: 'UND_ERR_CONNECT_TIMEOUT' })
    const startedAtMs = performance.now()
    // Nobody waits for the search itself then.
    const other = await send('http://hooks.example/', { resolve, timeoutMs: 50 })
    expect(other).toMatchObject({ end: 'retry', reason: 'timeout' })
    expect(performance.now() - startedAtMs).toBeLessThan(2000)
  })
})

it.each([
  'http://127.0.0.2:PORT/',
  'http://[::1]:PORT/',
  '//0x7f.0.0.2:PORT/',
  'http://2130706434:PORT/',
  'http://169.254.169.254/latest/meta-data/',
])('does not follow a redirect to %s', async (target) => {
  const { received, url, port } = await receiver((response) => {
    response.writeHead(307, { location: target.replace('PORT', String(port)) }).end()
  })
  expect(await send(url, { isAllowed: addressFilter(['127.0.0.1/32']) })).toEqual(FORBIDDEN)
  expect(received.length).toBe(1)
})
