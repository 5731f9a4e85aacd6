// The server on Deno: what it answers, how it ends, and that it may do no more than it needs. vitest.config.ts runs the
// table of statuses and the streams with it too.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { containersOf, eventually } from '../support/docker.ts'
import { ON_NODE, type Server, startServer } from '../support/server.ts'

/** Programs that one client may run; the tests before that of the limit run fewer. */
const REQUESTS_A_MINUTE = 5
const HANG = 'import time\nwhile True: time.sleep(1)'

const folder = mkdtempSync(`${tmpdir()}/sce-deno-`)
let server: Server
beforeAll(async () => {
  server = await startServer({
    ...{ POOL_SIZE: '2', RATE_LIMIT: `${REQUESTS_A_MINUTE}/60` },
    ...{ READ_RUNS_WITHOUT_KEY: 'on', DATABASE_URL: `file:${folder}/log/runs.db` },
  })
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

/** Arguments of the server's process. */
const commandLine = () => readFileSync(`/proc/${server.pid}/cmdline`, 'utf8').split('\0')

/** Posts a body in pieces, without its length. */
function postInPieces(pieces: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const call = request(`${server.url}/run`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
    })
    call.on('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    call.on('error', reject)
    for (let i = 0; i < pieces; i += 1) call.write(' '.repeat(65_536))
    call.end('{}')
  })
}

describe('answers', () => {
  it('carry files in and out', async () => {
    const outcome = await server.run({
      code: 'open("out.txt", "w").write(open("in.txt").read().upper())',
      files: [{ path: 'in.txt', content: 'text' }],
      outputFiles: ['*.txt'],
    })
    expect(outcome.files).toMatchObject([
      { path: 'in.txt', content: 'text' },
      { path: 'out.txt', content: 'TEXT' },
    ])
  })

  it.each([
    ['/', 'text/html'],
    ['/ui/assets/page.js', 'text/javascript'],
    ['/ui/assets/page.css', 'text/css'],
    ['/docs', 'text/html'],
    ['/docs/swagger-ui-bundle.js', 'text/javascript'],
    ['/openapi.json', 'application/json'],
    ['/environments', 'application/json'],
    ['/readyz', 'application/json'],
  ])('are there for GET %s', async (path, type) => {
    const response = await fetch(`${server.url}${path}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toContain(type)
    expect((await response.text()).length).toBeGreaterThan(10)
  })

  it('are recorded and counted', async () => {
    const { id } = await server.run({ code: 'print()' })
    await eventually('its record is kept', 5000, async () => {
      return (await (await fetch(`${server.url}/runs`)).text()).includes(id)
    })
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    expect(metrics).toMatch(/runs_total\{status="ok",environment="python"\} [1-9]/)
    expect(metrics).toMatch(/process_resident_memory_bytes [1-9]/)
  })

  it('refuse what is not as it must be', async () => {
    const status = async (init: RequestInit, path = '/run') =>
      (await fetch(`${server.url}${path}`, { method: 'POST', ...init })).status
    const headers = { 'Content-Type': 'application/json' }
    expect(await status({ headers, body: '{"cod":1}' })).toBe(400)
    expect(await status({ headers, body: '{' })).toBe(400)
    expect(await status({ headers, body: '{}' }, '/none')).toBe(404)
    expect(await status({ method: 'GET' })).toBe(405)
    expect(await status({ body: 'print()' })).toBe(415)
    expect(await status({ headers, body: ' '.repeat(3_000_000) })).toBe(413)
    expect(await postInPieces(48)).toBe(413)
    expect(await postInPieces(2)).toBe(400)
  })

  it('are not waited for by a run whose client hung up', async () => {
    const client = new AbortController()
    const hanging = server.post({ code: HANG }, { signal: client.signal }).catch(() => 'hung up')
    await new Promise((resolve) => setTimeout(resolve, 1000)) // the program has begun
    const started = await containersOf(server.pid)
    client.abort()
    expect(await hanging).toBe('hung up')
    await eventually('its container is gone', 3000, async () => {
      const left = await containersOf(server.pid)
      return started.some((name) => !left.includes(name))
    })
  })

  it('refuse a client that sends too many', async () => {
    const responses = []
    for (let i = 0; i <= REQUESTS_A_MINUTE && responses.at(-1)?.status !== 429; i += 1) {
      responses.push(await server.post({ code: 'pass' }))
    }
    expect(responses[0]?.status).toBe(200)
    expect(responses.at(-1)?.status).toBe(429)
    expect(Number(responses.at(-1)?.headers.get('Retry-After'))).toBeGreaterThan(0)
  })
})

describe('permissions', () => {
  it('name each thing that they are for', () => {
    const flags = commandLine().filter((argument) => argument.startsWith('-'))
    const bare = flags.filter((flag) => !flag.includes('='))
    expect(bare.sort()).toEqual(['--allow-env', '--no-prompt', '--no-remote'])
    expect(flags).toContain('--allow-run=docker')
    expect(flags.join()).not.toMatch(/--allow-(all|import|scripts)/)
  })

  it('are refused beyond that', async () => {
    const [deno = '', ...args] = commandLine()
    const flags = args.slice(0, args.indexOf('src/main.ts'))
    const { stdout } = await execa(deno, [...flags, 'test/deno/reach.ts'])
    const { ownFile, docker, listen, ...others } = JSON.parse(stdout)
    expect([ownFile, docker, listen]).toEqual(['reached', 'reached', 'reached'])
    expect(Object.keys(others)).toHaveLength(7)
    for (const end of Object.values(others)) {
      expect(end).toMatch(/Requires (read|write|run|net|import|sys) access/)
    }
  })
})

describe('beside other servers', () => {
  it('spares their containers, and leaves none of its own after `deno task start` is ended', async () => {
    // It does not try the walls, so that its one container is the one that waits.
    const settings = { POOL_SIZE: '1', SERVE_WITH_MISSING_WALLS: 'on' }
    const other = await startServer(settings, ON_NODE)
    try {
      await eventually('one waits', 10_000, async () => (await containersOf(other.pid)).length > 0)
      const waiting = await containersOf(other.pid)

      const [deno] = commandLine()
      const own = await startServer({ POOL_SIZE: '2' }, `${deno} task start`)
      const running = own.run({ code: 'import time; time.sleep(1); print("finished")' })
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect(await own.stop('SIGTERM')).toBe(0)
      expect(await running).toMatchObject({ output: 'finished', status: 'ok' })
      expect(await containersOf(own.pid)).toEqual([])

      expect(await containersOf(other.pid)).toEqual(waiting)
    } finally {
      await other.stop()
    }
  })
})
