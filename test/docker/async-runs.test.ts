// Asynchronous runs through the typed client, against a real server and a real engine.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AsyncRunEvent, createClient } from '../../src/client/client.ts'
import { all } from '../support/all.ts'
import { containersOf, eventually } from '../support/docker.ts'
import { type ApiDocument, answerOf, readDocument, schemaCheck } from '../support/openapi.ts'
import { type Server, startServer } from '../support/server.ts'

const HANG = 'import time\nprint("begun", flush=True)\nwhile True: time.sleep(1)'

const SETTINGS = { MAX_RUNNING: '2', POOL_SIZE: '0', MAX_TIMEOUT_SECONDS: '30' }

let server: Server
let document: ApiDocument
beforeAll(async () => {
  server = await startServer({ ...SETTINGS, MAX_QUEUED: '20' })
  document = await readDocument(await fetch(`${server.url}/openapi.json`))
})
afterAll(() => server.stop())

const client = () => createClient({ url: server.url })

const textOf = (events: AsyncRunEvent[], type: 'stdout' | 'stderr') =>
  events.map((event) => (event.type === type ? event.data.text : '')).join('')

/** Resolves when the program of a run has printed something. */
async function begun(id: string, of = client()): Promise<void> {
  for await (const { type } of of.events(id)) if (type === 'stdout') return
  throw new Error('it printed nothing')
}

describe('a run', () => {
  it('is read while it runs and when it has ended, with the same name everywhere', async () => {
    const code = `import sys, time
for n in range(3):
    print("é€𝄞", n, flush=True)
    time.sleep(0.3)
print("careful", file=sys.stderr)
open("a.txt", "w").write("b")`
    const { id } = await client().submit({ code, outputFiles: ['*.txt'] })
    const events = await all(client().events(id))
    expect(events[0]).toEqual({ id: '1-1', type: 'start', data: { attempt: 1 } })
    expect(textOf(events, 'stdout')).toBe('é€𝄞 0\né€𝄞 1\né€𝄞 2\n')
    expect(textOf(events, 'stderr')).toBe('careful\n')
    const run = await client().wait(id)
    expect(events.at(-1)).toEqual({ id: '1000000-0', type: 'end', data: run })
    expect(run).toMatchObject({
      ...{ state: 'finished', attempts: 1 },
      result: { id, status: 'ok', stderr: 'careful\n', files: [{ path: 'a.txt', content: 'b' }] },
    })
    const { schema } = answerOf(document, ['get', '/runs/{id}'], 200)
    expect(schemaCheck(document, schema)(run)).toEqual([])
    expect(await all(client().events(id, { after: events.at(-2)?.id ?? '' }))).toHaveLength(1)
  })

  it('is finished whatever its program did', async () => {
    const runs = await client().submitAll([
      ...[{ code: '1 / 0' }, { code: 'while True: pass', timeoutSeconds: 0.5 }],
      { code: 'while True: print("x" * 1000)' },
    ])
    const ended = await Promise.all(runs.map(({ id }) => client().wait(id)))
    expect(ended.map(({ state, result }) => [state, result?.status])).toEqual([
      ...[['finished', 'error'] as const, ['finished', 'timeout'] as const],
      ['finished', 'output_limit'],
    ])
  })

  it('has not run where its files can not be written, and says why', async () => {
    const files = [{ path: 'large', content: 'x'.repeat(1_500_000) }]
    const small = await startServer({ ...SETTINGS, TMP_MB: '1' })
    const other = createClient({ url: small.url })
    const run = await other.wait((await other.submit({ code: '1', files })).id)
    expect(run).toMatchObject({ state: 'failed', refusal: { code: 'invalid_request' } })
    expect(run.refusal?.error).toContain("files: can't be written")
    await small.stop()
  })

  it('that is cancelled is stopped, and its container is gone', async () => {
    const { id } = await client().submit({ code: HANG, timeoutSeconds: 30 })
    await begun(id)
    expect(await client().cancel(id)).toMatchObject({ state: 'cancelled', result: null })
    await eventually(
      'no container is left',
      5000,
      async () => (await containersOf(server.hostPid)).length === 0,
    )
  })
})

it('more than have a place wait for their turn, and who waits for an answer is answered meanwhile', async () => {
  const runs = await client().submitAll(
    Array.from({ length: 10 }, (_, n) => ({ code: `import time\ntime.sleep(0.5)\nprint(${n})` })),
  )
  expect(await server.run({ code: 'print("now")' })).toMatchObject({ output: 'now' })
  const open = await Promise.all(runs.map(({ id }) => client().get(id)))
  expect(open.filter(({ endedAt }) => endedAt === null).length).toBeGreaterThan(3)
  const ended = await Promise.all(runs.map(({ id }) => client().wait(id)))
  expect(ended.map(({ result }) => result?.output)).toEqual(runs.map((_, n) => String(n)))
})
