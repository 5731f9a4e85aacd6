// Each status, each wall and each surface once, on one server and a real engine: what a newcomer tries after a clone. The other
// suites try their edges.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { attempt, readCorpus } from '../../src/attacks/corpus.ts'
import { createClient } from '../../src/client/client.ts'
import { all } from '../support/all.ts'
import { containersOf, eventually } from '../support/docker.ts'
import { answerOf, readDocument, schemaCheck } from '../support/openapi.ts'
import { type Server, startServer } from '../support/server.ts'

const HANG = 'import time\nprint("begun", flush=True)\ntime.sleep(9)'

let folder: string
let key: string
let server: Server
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'safe-code-executor-test-'))
  const keys = join(folder, 'keys.json')
  const rights = ['--right', 'run', '--right', 'read-runs']
  key = (await cli(['key', 'new', 'tester', '--file', keys, ...rights])).stdout
  server = await startServer({
    ...{ API_KEYS_FILE: keys, POOL_SIZE: '4', MAX_RUNNING: '2' },
    ...{ DATABASE_URL: `file:${join(folder, 'runs.db')}` },
    ...{ WEBHOOKS: '127.0.0.0/8' },
  })
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

/** Runs a command of the package in the folder of the tests. */
const cli = (args: string[], input = '') =>
  execa('node', [join(process.cwd(), 'dist/main.js'), ...args], {
    ...{ cwd: folder, reject: false, input },
  })

const withKey = () => ({ Authorization: `Bearer ${key}` })
const client = () => createClient({ url: server.url, key })
const get = (path: string) => fetch(`${server.url}${path}`, { headers: withKey() })

describe('a status', () => {
  it.each([
    ['ok', '', 'print("é", end="")'],
    ['error', "NameError: name 'x' is not defined", 'x'],
    ['timeout', 'Execution timed out after 0.5 seconds', 'while True: pass'],
    ['oom', 'Container killed by memory limit (128 MB)', 'bytearray(b"x" * 2**28)'],
    ['output_limit', 'Output limit of 1 MB exceeded', 'while True: print("x" * 1000)'],
    ['killed', 'Killed by SIGSEGV', 'import ctypes\nctypes.string_at(0)'],
  ])('%s: %s', async (status, error, code) => {
    const timeoutSeconds = status === 'timeout' ? 0.5 : 10
    expect(await client().run({ code, timeoutSeconds })).toMatchObject({ status, error })
  })
})

describe('a wall', () => {
  /** Programs of the corpus that run into it. */
  const WALLS = [
    ...['a-stdin-bytes', 'b-forged-frames', 'c-timeout-ignores-signals', 'd-memory-in-shm'],
    ...['d-open-files-exhausted', 'd-oom-score-below-zero', 'e-all-cpus', 'e-become-somebody-else'],
    ...['e-daemon-outlives-main', 'e-fork-count', 'f-execute-from-tmp'],
    ...['f-file-size-limit', 'f-fill-tmp', 'f-fill-tmp-with-files', 'f-write-outside-tmp'],
    ...['g-connect-outside', 'g-name-lookup', 'g-socket-families', 'h-environment'],
    ...['h-masked-paths', 'h-mounts-are-read-only', 'h-own-status', 'h-system-calls'],
    ...['h-trace-runner', 'h-write-cgroup-limits', 'i-another-container-every-time'],
    ...['i-poison-temporary-folders'],
  ]

  it.for(readCorpus('').filter(({ name }) => WALLS.includes(name)))('$name', async (attack) => {
    expect((await attempt(attack, (request) => client().run(request))).problems).toEqual([])
  })

  it('holds on this host, says the doctor', async () => {
    const { exitCode, stdout } = await cli(['doctor'])
    expect(stdout).toMatch(/\n\d+ walls hold, 0 missing/)
    expect(exitCode).toBe(0)
  })
})

describe('a surface', () => {
  it('JSON: an answer as the API document says', async () => {
    const document = await readDocument(await get('/openapi.json'))
    const response = await server.post({ code: 'print(1)' }, { headers: withJsonAndKey() })
    const { schema } = answerOf(document, ['post', '/run'], 200)
    expect(schemaCheck(document, schema)(await response.json())).toEqual([])
  })

  it.each([
    ['unauthorized', 401, { code: '1' }, { 'Content-Type': 'application/json' }],
    ['invalid_request', 400, { code: ' ' }, undefined],
    ['too_large', 413, { code: 'x'.repeat(3_000_000) }, undefined],
  ])('JSON: a refusal, %s', async (code, status, body, headers) => {
    const response = await server.post(body, { headers: headers ?? withJsonAndKey() })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ output: '', code })
  })

  it('events: output as it comes, last the result', async () => {
    const code =
      'import sys, time\nprint(1, flush=True)\ntime.sleep(0.5)\nprint(2, file=sys.stderr)'
    const types = (await all(client().stream({ code }))).map(({ type }) => type)
    expect([types[0], types.at(-1)]).toEqual(['stdout', 'result'])
    expect(types).toContain('stderr')
  })

  it('events: a client that hangs up stops its program', async () => {
    const before = await containersOf(server.pid)
    const leaving = new AbortController()
    const events = client().stream({ code: HANG }, { signal: leaving.signal })
    await events.next()
    leaving.abort()
    await expect(all(events)).rejects.toThrow()
    await eventually('a container that was there is gone', 3000, async () => {
      const now = await containersOf(server.pid)
      return before.some((name) => !now.includes(name))
    })
  })

  it('files in and out, arguments, standard input, and the last expression', async () => {
    const code = `import os, sys
open("sum.txt", "w").write(open("in.txt").read() + sys.argv[1] + os.environ["NAME"] + input())
6 * 7`
    const request = { code, args: ['b'], env: { NAME: 'c' }, stdin: 'd', outputFiles: ['*.txt'] }
    const files = [{ path: 'in.txt', content: 'a' }]
    const outcome = await client().run({ ...request, files, displayLastExpression: true })
    expect(outcome).toMatchObject({
      files: [{ path: 'in.txt' }, { path: 'sum.txt', content: 'abcd' }],
      displays: [{ mime: 'text/plain', data: '42' }],
    })
  })

  it('the page: its form runs a program without a script', async () => {
    expect(await (await fetch(`${server.url}/ui`)).text()).toContain('<textarea')
    const body = new URLSearchParams({ key, code: 'print("<b>")' })
    const response = await fetch(`${server.url}/ui`, { method: 'POST', body })
    expect(await response.text()).toContain('&lt;b&gt;')
  })

  it('asynchronous runs: submitted, followed, read, told to a webhook', async () => {
    const told = await receiver()
    const webhook = { url: told.url, secret: `whsec_${'A'.repeat(32)}` }
    const { id } = await client().submit({ code: 'print("é")', webhook })
    const events = await all(client().events(id))
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['start', 'stdout', 'end']))
    expect(await client().get(id)).toMatchObject({ state: 'finished', result: { output: 'é' } })
    await eventually('the webhook is told', 5000, () => told.bodies.length === 1)
    expect(told.bodies[0]).toContain(id)
  })

  it('asynchronous runs: one that is cancelled', async () => {
    const { id } = await client().submit({ code: HANG })
    expect(await client().cancel(id)).toMatchObject({ state: 'cancelled' })
  })

  it('the run log: records, counts and their page', async () => {
    const { id } = await client().run({ code: 'print("logged")' })
    await eventually('the record is written', 5000, async () => {
      return (await (await get('/runs')).text()).includes(id)
    })
    expect(await (await get(`/runs/${id}`)).json()).toMatchObject({ key: 'tester', status: 'ok' })
    expect((await get('/stats')).status).toBe(200)
    expect((await fetch(`${server.url}/ui/runs`)).headers.get('Content-Type')).toMatch('text/html')
  })

  it.each([
    ['/healthz', 200, '"ok"'],
    ['/readyz', 200, ''],
    ['/metrics', 200, 'safe_code_executor_'],
    ['/docs', 200, 'swagger'],
    ['/environments', 200, '"python"'],
  ])('GET %s', async (path, status, words) => {
    const response = await get(path)
    expect(response.status).toBe(status)
    expect(await response.text()).toContain(words)
  })

  it.each([
    ['here', () => []],
    ['on a server', () => ['--url', server.url, '--key', key]],
  ])('the command line, %s', async (_, where) => {
    writeFileSync(join(folder, 'in.txt'), 'from here')
    const save = mkdtempSync(join(folder, 'saved-'))
    const code =
      'print(input())\nopen("out", "w").write(open("in.txt").read())\nraise SystemExit(3)'
    const files = ['--file', 'in.txt', '--output-file', 'out', '--save', save, '--stdin', '-']
    writeFileSync(join(folder, 'x.py'), code)
    const { stdout, exitCode } = await cli(['run', 'x.py', ...where(), ...files], 'typed')
    expect([stdout, exitCode]).toEqual(['typed', 3])
    expect(readFileSync(join(save, 'out'), 'utf8')).toBe('from here')
  })
})

it('the end: what runs is answered, then no container is left', async () => {
  const running = client().run({ code: 'import time\ntime.sleep(1)\nprint("answered")' })
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(await server.stop()).toBe(0)
  expect(await running).toMatchObject({ output: 'answered' })
  expect(await containersOf(server.pid)).toEqual([])
})

const withJsonAndKey = () => ({ 'Content-Type': 'application/json', ...withKey() })

/** An address that takes webhooks, and what was sent to it. */
async function receiver() {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    bodies.push(Buffer.concat(await request.toArray()).toString())
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}
