// A run as a stream of events, through the typed client and through a bare socket, against a real engine.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient, type RunEvent } from '../../src/client/client.ts'
import { all } from '../support/all.ts'
import { containersOf, eventually } from '../support/docker.ts'
import { openStream } from '../support/open-stream.ts'
import { type Server, startServer } from '../support/server.ts'

let server: Server
beforeAll(async () => {
  server = await startServer({ MAX_RUNNING: '2', POOL_SIZE: '0' })
})
afterAll(() => server.stop())

const client = () => createClient({ url: server.url })

/** What a stream's events of one type say together. */
const textOf = (events: RunEvent[], type: 'stdout' | 'stderr') =>
  events.map((event) => (event.type === type ? event.text : '')).join('')

const eventuallyIdle = () =>
  eventually(
    'no container is left',
    1500,
    async () => (await containersOf(server.hostPid)).length === 0,
  )

describe('a stream', () => {
  it('tells of output while the program runs, of its errors too, and last of its end', async () => {
    const code = `import sys, time
print("first", flush=True)
time.sleep(1.5)
print("second", file=sys.stderr)
sys.exit(3)`
    const events: (RunEvent & { atMs: number })[] = []
    for await (const event of client().stream({ code })) {
      events.push({ ...event, atMs: performance.now() })
    }
    // A line may come in two events: an unbuffered `print` writes its end apart.
    expect(textOf(events, 'stdout')).toBe('first\n')
    expect(textOf(events, 'stderr')).toBe('second\n')
    expect(events.at(-1)).toMatchObject({
      type: 'result',
      outcome: { output: 'first', stderr: 'second\n', exitCode: 3 },
    })
    expect((events.at(-1)?.atMs ?? 0) - (events[0]?.atMs ?? 0)).toBeGreaterThan(1200)
  })

  it('says the same as the result, with whole characters, up to the limit of output', async () => {
    const code = `import sys
for i in range(300_000): sys.stdout.write("é€𝄞"[i % 3]); i % 1000 or sys.stdout.flush()
sys.stderr.buffer.write(b"\\xc3"); sys.stderr.flush()
while True: sys.stdout.write("é" * 1000)`
    const events = await all(client().stream({ code }))
    const last = events.at(-1)
    if (last?.type !== 'result') throw new Error('no result')
    expect(last.outcome).toMatchObject({
      status: 'output_limit',
      truncated: true,
      stderr: '\ufffd',
    })
    expect(textOf(events, 'stdout')).toBe(last.outcome.output)
    expect(textOf(events, 'stderr')).toBe('\ufffd')
    expect(Buffer.byteLength(last.outcome.output)).toBeGreaterThan(1_000_000)
  })

  it('carries files and displays in its result', async () => {
    const request = {
      code: 'open("a", "w").write("b")\n1 + 1',
      outputFiles: ['a'],
      displayLastExpression: true,
    }
    expect(await all(client().stream(request))).toMatchObject([
      { type: 'result', outcome: { files: [{ path: 'a' }], displays: [{ data: '2' }] } },
    ])
  })

  it('is no stream where nothing runs', async () => {
    const response = await server.post(
      { code: '', files: 1 },
      { headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' } },
    )
    expect(response.status).toBe(400)
    expect(response.headers.get('Content-Type')).toBe('application/json')
    await expect(all(client().stream({ code: ' ' }))).rejects.toMatchObject({
      ...{ name: 'RefusedError', code: 'invalid_request', status: 400 },
      message: 'code: must not be blank',
    })
  })
})

describe('a client that goes away', () => {
  const HANG = 'print("x", flush=True)\nimport time\ntime.sleep(9)'

  it('stops its run within a second: it leaves the loop', async () => {
    for await (const event of client().stream({ code: HANG })) {
      expect(event.type).toBe('stdout')
      break
    }
    await eventuallyIdle()
  })

  it('stops its run within a second: it aborts', async () => {
    const controller = new AbortController()
    const events = client().stream({ code: HANG }, { signal: controller.signal })
    await events.next()
    controller.abort()
    const rest = async () => {
      for await (const event of events) expect(event.type).toBe('stdout') // the line end, written apart
    }
    await expect(rest()).rejects.toThrow()
    await eventuallyIdle()
  })

  it('stops its run within a second: its connection breaks', async () => {
    const socket = await openStream(server.url, HANG)
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk) => chunk.includes('event: stdout') && resolve())
    })
    socket.resetAndDestroy()
    await eventuallyIdle()
  })
})
