// One attempt to tell a webhook ends in its time, whatever the receiver does.

import { describe, expect, it } from 'vitest'
import { answer, noAnswer, type Respond, receiver } from './support/receiver.ts'
import { endOf, send } from './support/send.ts'

describe('a receiver', () => {
  it('that does not answer has its time, and may be tried again', async () => {
    const startedAtMs = performance.now()
    const end = await endOf(noAnswer, { timeoutMs: 200 })
    expect(end).toEqual({ end: 'retry', reason: 'timeout', retryAfterMs: 0 })
    expect(performance.now() - startedAtMs).toBeLessThan(2000)
  })

  it('that answers byte by byte has no more time', async () => {
    const startedAtMs = performance.now()
    const slow: Respond = (response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write('x'), 10)
      response.on('close', () => clearInterval(timer))
    }
    expect(await endOf(slow, { timeoutMs: 200 })).toEqual({ end: 'delivered', status: 200 })
    expect(performance.now() - startedAtMs).toBeLessThan(2000)
  })

  it('that sends head after head has no more time', async () => {
    const slow: Respond = (response) => {
      const timer = setInterval(() => response.writeProcessing(), 10)
      response.on('close', () => clearInterval(timer))
    }
    expect(await endOf(slow, { timeoutMs: 200 })).toMatchObject({ end: 'retry' })
  })

  it('that redirects, and is slow with the body of that, has no more time', async () => {
    const slow: Respond = (response) => void response.writeHead(307, { location: '/' }).write('x')
    expect(await endOf(slow, { timeoutMs: 100 })).toMatchObject({ reason: 'timeout' })
  })

  it('that redirects slowly has one time for all', async () => {
    const slow: Respond = (response) => {
      setTimeout(() => response.writeHead(307, { location: '/' }).end(), 150)
    }
    expect(await endOf(slow, { timeoutMs: 400 })).toMatchObject({ reason: 'timeout' })
  })

  it('that never stops is left', async () => {
    let sentBytes = 0
    let hasClosed: Promise<void> | undefined
    const endless: Respond = (response) => {
      const chunk = Buffer.alloc(64 * 1024)
      const pour = () => {
        while (!response.destroyed && response.write(chunk)) sentBytes += chunk.length
        sentBytes += chunk.length
      }
      hasClosed = new Promise((resolve) => response.on('close', resolve))
      response.writeHead(200).on('drain', pour)
      pour()
    }
    const startedAtMs = performance.now()
    expect(await endOf(endless)).toEqual({ end: 'delivered', status: 200 })
    await hasClosed
    expect(performance.now() - startedAtMs).toBeLessThan(5000)
    // What the kernel's buffers took besides, nobody read.
    expect(sentBytes).toBeLessThan(16 * 1024 * 1024)
  })

  it('whose answer is said to be long is left at once', async () => {
    const long = answer(200, { 'content-length': String(1024 ** 3) })
    const startedAtMs = performance.now()
    expect(
      await endOf(
        (response) =>
          void long(
            response.on('error', () => {}),
            0,
            {} as never,
          ),
      ),
    ).toEqual({
      ...{ end: 'delivered', status: 200 },
    })
    expect(performance.now() - startedAtMs).toBeLessThan(2000)
  })

  it.each([
    ['is not there', async () => 'http://127.0.0.1:1/', 'ECONNREFUSED'],
    [
      'hangs up',
      async () => (await receiver((response) => response.destroy())).url,
      'UND_ERR_SOCKET',
    ],
    [
      'speaks no HTTP',
      async () => (await receiver((response) => response.socket?.end('nonsense\r\n\r\n'))).url,
      /HTTP\/1\.1 protocol/,
    ],
  ])('that %s may be tried again', async (_, url, reason) => {
    const end = await send(await url())
    const expected = typeof reason === 'string' ? reason : expect.stringMatching(reason)
    expect(end).toEqual({ end: 'retry', reason: expected, retryAfterMs: 0 })
  })
})

describe('a signal', () => {
  it('ends an attempt', async () => {
    const { url } = await receiver(noAnswer)
    const end = await send(url, { signal: AbortSignal.timeout(50) })
    expect(end).toEqual({ end: 'retry', reason: 'ended', retryAfterMs: 0 })
  })

  it('that has aborted lets none begin', async () => {
    const { received, url } = await receiver()
    expect(await send(url, { signal: AbortSignal.abort() })).toMatchObject({ reason: 'ended' })
    expect(received).toEqual([])
  })
})
