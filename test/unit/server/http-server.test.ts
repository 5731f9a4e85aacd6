// Requests as bytes: what is valid HTTP, what the parser refuses, and who hangs up and who only stops sending.

import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/run/refusal.ts'
import { createHttpServer } from '../../../src/server/http-server.ts'
import type { DoorRefusal } from '../../../src/server/malformed.ts'
import { fastest, timed } from '../../support/fastest.ts'
import { outcome, testApp } from '../support/app.ts'
import { HeldRun } from '../support/held-run.ts'

const RUN = requestOf({ code: 'print(2 + 2)' })

let server: Server
let port: number
let refused: DoorRefusal[]
let executor: ReturnType<typeof testApp>['executor']
const open: Socket[] = []

beforeEach(async () => {
  const made = testApp()
  refused = []
  executor = made.executor
  server = createHttpServer({
    fetch: made.app.fetch,
    onRefused: (refusal) => refused.push(refusal),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy()
  server.closeAllConnections()
  server.close()
})

function requestOf(body: unknown): string {
  const text = JSON.stringify(body)
  const head = `Host: x\r\nContent-Type: application/json\r\nContent-Length: ${text.length}`
  return `POST /run HTTP/1.1\r\n${head}\r\n\r\n${text}`
}

/** A connection on which something was sent, and maybe the end; `answer` is all that came when it is closed. */
function client(text: string, { endsToo = false } = {}) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  open.push(socket)
  if (endsToo) socket.end(text, 'latin1')
  else socket.write(text, 'latin1')
  const answer = new Promise<string>((resolve) => {
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.on('close', () => resolve(received))
  })
  return { socket, answer }
}

/** The answer to a request that asks for the end of its connection, or gets it. */
async function ask(text: string, options = {}) {
  const answer = await client(text, options).answer
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body }
}

const get = (path: string, fields: string, version = '1.1') =>
  `GET ${path} HTTP/${version}\r\n${fields}Connection: close\r\n\r\n`

describe('the name of the server', () => {
  it.each(['1.0', '1.1'])(
    'is not needed by a plain check of health over HTTP/%s',
    async (version) => {
      for (const path of ['/healthz', '/readyz']) {
        for (const fields of ['', 'Host:\r\n', 'Host: \r\n', 'Host: evil.example\r\n']) {
          expect((await ask(get(path, fields, version))).status).toBe(200)
        }
      }
    },
  )

  it.each(['1.0', '1.1'])('is needed by everything else over HTTP/%s', async (version) => {
    for (const fields of ['', 'Host:\r\n', 'X-Host: localhost\r\n']) {
      const { status, body, head } = await ask(get('/metrics', fields, version))
      expect([status, JSON.parse(body)]).toMatchObject([400, { code: 'invalid_request' }])
      expect(head).toContain('x-request-id: ')
    }
  })

  it.each([
    ['other ones', 'Host: localhost\r\nHost: evil.example\r\n'],
    ['the same', 'Host: localhost\r\nhost: localhost\r\n'],
    ['an empty one', 'Host:\r\nHost: localhost\r\n'],
    ['two empty ones', 'Host:\r\nHost:\r\n'],
    ['one far behind', `Host: localhost\r\n${'a:\r\n'.repeat(2000)}Host: evil.example\r\n`],
  ])('comes in one line: with %s it is refused', async (_, fields) => {
    for (const path of ['/healthz', '/metrics']) {
      const { status, body } = await ask(get(path, fields))
      expect(status).toBe(400)
      expect(JSON.parse(body)).toEqual({
        ...{ output: '', error: 'Host: must be sent once', code: 'invalid_request' },
        requestId: expect.stringMatching(/^[\da-f-]{36}$/),
      })
    }
  })

  it('is judged as it came, in the line and in the target', async () => {
    const status = async (target: string, host: string) =>
      (await ask(get(target, `Host: ${host}\r\n`))).status
    expect(await status('/metrics', 'localhost')).toBe(200)
    expect(await status('/metrics', '[0:0:0:0:0:0:0:1]:5000')).toBe(200)
    expect(await status('/metrics', 'evil.example')).toBe(421)
    expect(await status('http://localhost/metrics', 'localhost')).toBe(200)
    expect(await status('http://evil.example/metrics', 'localhost')).toBe(421)
    expect(await status('http://localhost/metrics', 'evil.example')).toBe(421)
    expect(await status('http://localhost@evil.example/metrics', 'localhost')).toBe(400)
    expect(await status('http://evil.example@localhost/metrics', 'localhost')).toBe(400)
  })
})

describe('what is no valid request', () => {
  const post = (fields: string, body: string) =>
    `POST /run HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n${body}`

  it.each([
    ['another length', post('Content-Length: 1\r\nContent-Length: 2', 'ab')],
    ['the same length twice', post('Content-Length: 2\r\nContent-Length: 2', 'ab')],
    ['a list of lengths', post('Content-Length: 2, 2', 'ab')],
    ['a length with a sign', post('Content-Length: +2', 'ab')],
    ['a length below zero', post('Content-Length: -1', '')],
    ['a length in base 16', post('Content-Length: 0x2', 'ab')],
    ['a length and pieces', post('Content-Length: 2\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
    ['pieces and a length', post('Transfer-Encoding: chunked\r\nContent-Length: 2', '0\r\n\r\n')],
    ['an unknown coding', post('Transfer-Encoding: xchunked', '0\r\n\r\n')],
    ['pieces within a coding', post('Transfer-Encoding: chunked, identity', '0\r\n\r\n')],
    ['pieces twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
    ['a piece of no length', post('Transfer-Encoding: chunked', 'zz\r\na\r\n0\r\n\r\n')],
    ['a folded line', get('/healthz', 'Host: x\r\nX-A: b\r\n c\r\n')],
    ['a folded name', get('/metrics', 'Host: localhost\r\n .evil.example\r\n')],
    ['a line feed alone', get('/healthz', 'Host: x\nX-A: b\r\n')],
    ['line feeds alone', 'GET /healthz HTTP/1.1\nHost: x\n\n'],
    ['a carriage return alone', get('/healthz', 'Host: x\rX-A: b\r\n')],
    ['a space before the colon', get('/healthz', 'Host : x\r\n')],
    ['a space before the field', get('/healthz', ' Host: x\r\n')],
    ['a NUL', get('/healthz', 'Host: x\r\nX-A: b\0c\r\n')],
    ['a NUL in the name', get('/metrics', 'Host: localhost\0.evil.example\r\n')],
    ['no method', 'HELLO\r\n\r\n'],
    ['no HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a target without a host', get('http://[/', 'Host: x\r\n')],
    ['a target of another scheme', get('ftp://localhost/', 'Host: x\r\n')],
    ['a target that is a star', 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    ['a backslash', get('/\\evil', 'Host: x\r\n')],
    ['a tunnel', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n'],
  ])('is refused in our form and told of once: %s', async (_, text) => {
    const { status, head, body } = await ask(text)
    expect(status).toBe(400)
    expect(head).toContain('content-type: application/json')
    const { requestId, ...said } = JSON.parse(body)
    expect(said).toEqual({ output: '', error: expect.any(String), code: 'invalid_request' })
    expect(head).toContain(`x-request-id: ${requestId}`)
    expect(refused).toMatchObject([{ status: 400, requestId }])
    expect(refused[0]?.reason).toMatch(/^[A-Z_\d]{1,40}$/)
    expect(JSON.stringify(said)).not.toContain('evil')
    expect(executor.requests).toEqual([])
  })

  it('is a head that is too long', async () => {
    const { status, body } = await ask(
      get('/healthz', `Host: x\r\nX-A: ${'x'.repeat(500_000)}\r\n`),
    )
    expect([status, JSON.parse(body).code]).toEqual([431, 'invalid_request'])
    expect(refused).toMatchObject([{ status: 431, reason: 'HPE_HEADER_OVERFLOW' }])
  })

  it('is a piece with extensions that are too long', async () => {
    const type = 'Content-Type: application/json\r\nTransfer-Encoding: chunked'
    const { status, body } = await ask(post(type, `1;${'x'.repeat(20_000)}\r\na\r\n0\r\n\r\n`))
    expect([status, JSON.parse(body).code]).toEqual([413, 'too_large'])
  })

  it('is a head or a body that ends too soon', async () => {
    for (const text of ['GET /healthz HTTP/1.1\r\nHost', RUN.slice(0, -3)]) {
      expect((await ask(text, { endsToo: true })).status).toBe(400)
    }
    expect(refused.map(({ reason }) => reason)).toEqual(Array(2).fill('HPE_INVALID_EOF_STATE'))
  })

  it('ends its connection soon, however much is still sent', async () => {
    const { socket, answer } = client('HELLO\r\n\r\n')
    const flood = setInterval(() => socket.write('HELLO\r\n\r\n'.repeat(1000)), 5)
    const startMs = performance.now()
    expect(await answer).toMatch(/^HTTP\/1.1 400/)
    clearInterval(flood)
    expect(performance.now() - startMs).toBeLessThan(2000)
    expect(refused).toHaveLength(1)
  })

  it('does not get the answer of the request before it', async () => {
    const held = new HeldRun()
    executor.answer = held.answer
    const { answer } = client(`${RUN}HELLO\r\n\r\n`)
    await held.asked
    expect(await answer).toBe('')
    expect(refused).toEqual([])
  })

  it('is answered after the request before it, where that has its answer', async () => {
    const { socket, answer } = client('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(socket, 'data')
    socket.write('HELLO\r\n\r\n')
    const statuses = [...(await answer).matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status)
    expect(statuses).toEqual(['200', '400'])
  })

  it('is not a connection that is reset, which nobody is told of', async () => {
    const { socket } = client('GET /healthz HTTP/1.1\r\nHo')
    await once(socket, 'connect')
    await new Promise((resolve) => setTimeout(resolve, 100))
    socket.resetAndDestroy()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(refused).toEqual([])
  })
})

it('what a client expects but needs not is no reason to refuse', async () => {
  const { status, body } = await ask(get('/healthz', 'Host: x\r\nExpect: tea\r\n'))
  expect([status, JSON.parse(body)]).toEqual([200, { status: 'ok' }])
})

describe('a client that ends its side', () => {
  const half = { endsToo: true }

  it('gets its answer', async () => {
    for (const path of ['/healthz', '/ui', '/metrics', '/openapi.json']) {
      const { status, body } = await ask(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, half)
      expect([status, body.length > 10], path).toEqual([200, true])
    }
    expect((await ask('GET /healthz HTTP/1.0\r\n\r\n', half)).status).toBe(200)
  })

  it('gets the answer of a quick run', async () => {
    executor.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      return outcome()
    }
    const { status, body } = await ask(RUN, half)
    expect([status, JSON.parse(body).output]).toEqual([200, '4'])
  })

  it('gets the answers of all that it sent ahead', async () => {
    const healthz = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
    const { answer } = client(healthz.repeat(20), half)
    expect((await answer).match(/HTTP\/1.1 200/g)).toHaveLength(20)
  })

  it('gets a long answer to its end, however slowly it reads', async () => {
    executor.answer = async () => outcome({ output: 'x'.repeat(8_000_000) })
    const { socket, answer } = client(RUN, half)
    await once(socket, 'data')
    socket.pause()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    socket.resume()
    expect((await answer).length).toBeGreaterThan(8_000_000)
  })

  it('without a request is closed at once', async () => {
    const boundMs = 300
    const ms = await fastest(boundMs, () =>
      timed(async () => expect(await client('', half).answer).toBe('')),
    )
    expect(ms).toBeLessThan(boundMs)
  })
})

describe('a client that hangs up', () => {
  /** How long its run goes on, in milliseconds. */
  async function runsOn(hangUp: (socket: Socket) => void): Promise<number> {
    let startMs = 0
    const asked = new Promise<AbortSignal>((resolve) => {
      executor.answer = (_, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Refusal('cancelled', 'gone')))
          resolve(signal)
        })
    })
    const { socket } = client(RUN)
    const signal = await asked
    startMs = performance.now()
    hangUp(socket)
    if (!signal.aborted) await once(signal, 'abort')
    return performance.now() - startMs
  }

  it('has its run cancelled within about a second', async () => {
    expect(await runsOn((socket) => socket.destroy())).toBeLessThan(1300)
    expect(await runsOn((socket) => socket.end())).toBeLessThan(1300)
  })

  it('has it cancelled at once where its system says so', async () => {
    expect(await runsOn((socket) => socket.resetAndDestroy())).toBeLessThan(300)
  })
})
