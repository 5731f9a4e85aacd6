// What an operator relies on: the start, the end, keys, the log, slow clients, a dead engine.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { MAX_CONNECTIONS } from '../../src/server/connections.ts'
import { containersOf, eventually, warmContainers } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'

const MAIN = `${import.meta.dirname}/../../dist/main.js`
const SLEEP = 'import time; print("started"); time.sleep(3); print("finished")'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'operation-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

let server: Server | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
})
const start = async (settings: Record<string, string> = {}) => {
  server = await startServer({ POOL_SIZE: '1', ...settings })
  return server
}

/** Ends by itself, with this said on stderr. */
async function refusedStart(env: Record<string, string>): Promise<string> {
  const { exitCode, stderr } = await execa('node', [MAIN], {
    env: { PORT: '0', DATABASE_URL: 'off', ...env },
    reject: false,
    timeout: 20_000,
  })
  expect(exitCode).toBe(1)
  return stderr
}

describe('the start', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1', 'runner.example'])(
    'is refused on %s without keys, with what to do',
    async (HOST) => {
      const said = await refusedStart({ HOST })
      expect(said).toContain('key new NAME')
      expect(said).toContain('SERVE_WITHOUT_KEYS=on')
    },
  )

  it('is refused where the file of keys is missing or wrong', async () => {
    expect(await refusedStart({ API_KEYS_FILE: join(folder, 'none.json') })).toContain(
      'can’t be read',
    )
    expect(await refusedStart({ API_KEYS_FILE: MAIN })).toContain('is not JSON')
  })

  it('is refused on a port that is taken, and leaves no container', async () => {
    const { url } = await start()
    expect(await refusedStart({ PORT: new URL(url).port })).toContain('EADDRINUSE')
  })

  it('says what to set where strangers are served at addresses alone', async () => {
    const open = { HOST: '0.0.0.0', SERVE_WITHOUT_KEYS: 'on' }
    const { log } = await start(open)
    expect(log.find((line) => line.includes('ALLOWED_HOSTS=run.example.org'))).toContain(
      '"level":40',
    )
    await server?.stop()
    const { log: named } = await start({ ...open, ALLOWED_HOSTS: 'run.example.org' })
    expect(named.join('\n')).not.toContain('ALLOWED_HOSTS=run.example.org')
  })

  it('tells the whole configuration, without secrets', async () => {
    const { log } = await start({ API_KEYS: 'secret-key', RUN_LOG_SALT: 'secret-salt' })
    const line = log.find((one) => one.includes('"msg":"starting"')) ?? ''
    expect(JSON.parse(line).config).toMatchObject({ API_KEYS: '***', MEMORY_MB: 128, POOL_SIZE: 1 })
    expect(log.join('\n')).not.toContain('secret')
  })
})

it('a key that is made while the server runs opens it within seconds, and closes it when it is taken away', async () => {
  const file = join(folder, 'keys.json')
  const make = (name: string) => execa('node', [MAIN, 'key', 'new', name, '--file', file])
  const { stdout: first } = await make('first')
  const { post, log } = await start({ API_KEYS_FILE: file, HOST: '127.0.0.1' })
  const statusOf = async (key: string) => {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` }
    return (await post({ code: 'print(1)' }, { headers })).status
  }
  expect([await statusOf(first), await statusOf('wrong')]).toEqual([200, 401])
  const { stdout: second } = await make('second')
  await eventually('the second opens', 8000, async () => (await statusOf(second)) === 200)
  rmSync(file)
  await make('third')
  await eventually('the first is closed', 8000, async () => (await statusOf(first)) === 401)
  for (const key of [first, second]) expect(log.join('\n')).not.toContain(key)
  expect(log.join('\n')).toContain('"key":"second"')
})

describe('the end', () => {
  it('is told on readyz while a run goes on, takes no new one, and closes connections', async () => {
    const { url, post, run, stop, pid } = await start()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ask = (path: string) =>
      new Promise<{ status: number; connection: string | undefined }>((resolve, reject) => {
        get(`${url}${path}`, { agent }, (response) => {
          response.resume()
          const { statusCode = 0, headers } = response
          response.on('end', () => resolve({ status: statusCode, connection: headers.connection }))
        }).on('error', reject)
      })
    await run({ code: 'pass' })
    expect(await ask('/readyz')).toEqual({ status: 200, connection: 'keep-alive' })
    const running = run({ code: SLEEP })
    await new Promise((resolve) => setTimeout(resolve, 500))
    const ended = stop('SIGTERM')
    await eventually('it is not ready', 2000, async () => (await ask('/readyz')).status === 503)
    expect(await ask('/healthz')).toEqual({ status: 200, connection: 'close' })
    const refused = await post({ code: 'print(1)' })
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({ code: 'unavailable' })
    expect(await running).toMatchObject({ output: 'started\nfinished', status: 'ok' })
    expect(await ended).toBe(0)
    agent.destroy()
    expect(await containersOf(pid)).toEqual([])
  })

  it('may be announced: for that time runs are taken as before', async () => {
    const { url, run, stop } = await start({ DRAIN_NOTICE_SECONDS: '3' })
    const ended = stop('SIGTERM')
    await eventually('it is not ready', 2000, async () => {
      return (await fetch(`${url}/readyz`)).status === 503
    })
    expect(await run({ code: 'print(1)' })).toMatchObject({ output: '1' })
    expect(await ended).toBe(0)
  })

  it('comes at once with the second signal', async () => {
    const { run, stop, pid } = await start()
    const running = run({ code: 'while True: pass' }).catch(() => 'cut off')
    await new Promise((resolve) => setTimeout(resolve, 500))
    const ended = stop('SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 300))
    const startMs = performance.now()
    process.kill(pid, 'SIGINT')
    expect(await ended).toBe(0)
    expect(performance.now() - startMs).toBeLessThan(4000)
    expect(await running).toBe('cut off')
    expect(await containersOf(pid)).toEqual([])
  })

  it('keeps the records of the last runs', async () => {
    const settings = {
      ...{ DATABASE_URL: `file:${join(folder, 'end.db')}` },
      READ_RUNS_WITHOUT_KEY: 'on',
    }
    const first = await start(settings)
    const { id } = await first.run({ code: 'print(1)' })
    await first.stop()
    const { url } = await start(settings)
    await eventually('it is there', 5000, async () => (await fetch(`${url}/runs/${id}`)).ok)
  })
})

describe('the log', () => {
  it('has a line for each run, with how it ended, streamed or not, and none of its text', async () => {
    const { post, log } = await start()
    await (await post({ code: 'print("secret-a")' })).text()
    const headers = { 'Content-Type': 'application/json', Accept: 'text/event-stream' }
    await (await post({ code: 'print("secret-b")\n1/0' }, { headers })).text()
    await eventually('both are there', 2000, () => {
      return log.filter((line) => line.includes('"runStatus"')).length === 2
    })
    const lines = log.filter((line) => line.includes('"runStatus"')).map((line) => JSON.parse(line))
    expect(lines).toEqual([
      expect.objectContaining({ route: '/run', status: 200, runStatus: 'ok', exitCode: 0 }),
      expect.objectContaining({ route: '/run', status: 200, runStatus: 'error', exitCode: 1 }),
    ])
    for (const line of lines) {
      expect(line.durationMs).toBeGreaterThanOrEqual(line.runMs)
      expect(line.requestId).toMatch(/^[0-9a-f-]{36}$/)
    }
    expect(log.join('\n')).not.toContain('secret')
  })

  it('is for people on a terminal', async () => {
    const child = execa('script', ['--quiet', '--command', `node ${MAIN}`, '/dev/null'], {
      env: { PORT: '0', DATABASE_URL: 'off', POOL_SIZE: '0' },
      reject: false,
    })
    let seen = ''
    child.stdout.on('data', (chunk) => {
      seen += chunk
    })
    await eventually('it listens', 20_000, () => seen.includes('listening'))
    child.kill()
    await child
    expect(seen).toMatch(/INFO.*listening; the page is http/)
  })

  it('that can not be written holds nothing up: not a run, not the end', async () => {
    const full = openSync('/dev/full', 'w')
    const port = 20_000 + (process.pid % 20_000)
    const child = spawn('node', [MAIN], {
      env: { ...process.env, PORT: `${port}`, DATABASE_URL: 'off', POOL_SIZE: '1' },
      stdio: ['ignore', full, 'inherit'],
    })
    closeSync(full)
    const ended = once(child, 'exit')
    const url = `http://127.0.0.1:${port}`
    const status = (path: string) =>
      fetch(`${url}${path}`).then(
        ({ status }) => status,
        () => 0,
      )
    await eventually('it is ready', 20_000, async () => (await status('/readyz')) === 200)
    for (let n = 0; n < 50; n += 1) expect(await status('/nothing')).toBe(404)
    child.kill()
    expect((await ended)[0]).toBe(0)
  })

  it('tells of clients that leave in the middle of a body, and calls it no bug of ours', async () => {
    const { url, log } = await start()
    const { port, hostname } = new URL(url)
    for (const path of ['/run', '/ui']) {
      const type = path === '/run' ? 'application/json' : 'application/x-www-form-urlencoded'
      const socket = connect(Number(port), hostname)
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"cod\r\n`,
      )
      await new Promise((resolve) => setTimeout(resolve, 200))
      socket.destroy()
    }
    await eventually('both are there', 3000, () => {
      return log.filter((line) => line.includes('"status":499')).length === 2
    })
    const text = await (await fetch(`${url}/metrics`)).text()
    expect(text).toContain('safe_code_executor_refusals_total{code="internal"} 0')
    expect(text).toContain('safe_code_executor_refusals_total{code="cancelled"} 2')
  })
})

describe('a slow client', () => {
  const open: Socket[] = []
  afterEach(() => {
    for (const socket of open.splice(0)) socket.destroy()
  })

  /** Sends what it is given; resolves with what came back when the connection is closed, and after how long. */
  function closed(url: string, text: string) {
    const startMs = performance.now()
    const { port, hostname } = new URL(url)
    return new Promise<{ answer: string; ms: number }>((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write(text))
      let answer = ''
      socket.on('data', (chunk) => {
        answer += chunk
      })
      socket.on('error', () => {})
      open.push(socket)
      socket.on('close', () => resolve({ answer, ms: performance.now() - startMs }))
    })
  }

  it('that does not finish its head is cut off after ten seconds, and holds nobody up', async () => {
    const { url, run } = await start()
    const slow = Array.from({ length: 50 }, () =>
      closed(url, 'POST /run HTTP/1.1\r\nHost: x\r\nX-'),
    )
    expect(await run({ code: 'print(1)' })).toMatchObject({ output: '1' })
    for (const { answer, ms } of await Promise.all(slow)) {
      expect(answer).toMatch(/^HTTP\/1.1 408/)
      expect(answer).toContain('{"output":"","error":"The request did not come in time"')
      expect(ms).toBeGreaterThan(9000)
      expect(ms).toBeLessThan(14_000)
    }
  })

  it('with a head that is too long is refused', async () => {
    const { url, log } = await start()
    const head = (bytes: number) =>
      `GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: ${'x'.repeat(bytes)}\r\n\r\n`
    expect((await closed(url, head(20_000))).answer).toMatch(/^HTTP\/1.1 431/)
    expect((await closed(url, head(15_000))).answer).toMatch(/^HTTP\/1.1 200/)
    const text = await (await fetch(`${url}/metrics`)).text()
    expect(text).toContain('safe_code_executor_refusals_total{code="invalid_request"} 1')
    expect(text).toMatch(/http_requests_total\{method="other",route="\/\*",status="431"\} 1/)
    const lines = log
      .filter((line) => line.includes('"status":431'))
      .map((line) => JSON.parse(line))
    expect(lines).toEqual([
      expect.objectContaining({ msg: 'request', level: 30, reason: 'HPE_HEADER_OVERFLOW' }),
    ])
    expect(JSON.stringify(lines)).not.toContain('xxx')
  })

  it('that ends its side after its request is answered, also by a run', async () => {
    const { url, pid } = await start()
    const { port, hostname } = new URL(url)
    await warmContainers({ url, pid }, 1)
    const body = JSON.stringify({ code: 'print("half")' })
    const head = 'Host: x\r\nContent-Type: application/json\r\nContent-Length: '
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true })
    socket.end(`POST /run HTTP/1.1\r\n${head}${body.length}\r\n\r\n${body}`)
    expect(Buffer.concat(await socket.toArray()).toString()).toContain('"output":"half"')
  })

  it('has no more than its share of connections', async () => {
    const { url } = await start()
    const { port, hostname } = new URL(url)
    const open = async () => {
      const socket = connect({ port: Number(port), host: hostname })
      await once(socket, 'connect')
      return socket
    }
    const sockets: Socket[] = []
    while (sockets.length < MAX_CONNECTIONS) sockets.push(await open())
    try {
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(sockets.filter(({ closed }) => closed)).toEqual([])
      const oldest = once(sockets[0] as Socket, 'close')
      sockets.push(await open())
      await oldest
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(sockets.filter(({ closed }) => closed)).toHaveLength(1)
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  })
})

it('a dead engine is not asked for every request, and what it costs is counted', async () => {
  const { url, post } = await start({ DOCKER_HOST: 'unix:///nowhere.sock', POOL_SIZE: '0' })
  const statuses = await Promise.all(
    Array.from({ length: 100 }, async () => (await post({ code: 'print(1)' })).status),
  )
  expect(new Set(statuses)).toEqual(new Set([503]))
  const text = await (await fetch(`${url}/metrics`)).text()
  const value = (name: string) =>
    Number(text.match(new RegExp(`^safe_code_executor_${name} (\\d+)$`, 'm'))?.[1])
  const started = value('containers_started_total\\{environment="python"\\}')
  expect(started).toBeGreaterThan(0)
  expect(started).toBeLessThan(12)
  expect(value('containers_failed_total\\{environment="python"\\}')).toBe(started)
  expect(value('refusals_total\\{code="unavailable"\\}')).toBe(100)
  expect(value('docker_command_failures_total\\{command="ps"\\}')).toBe(1)
})
