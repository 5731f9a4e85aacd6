// A cluster as the Compose files make it, without their images: Redis with their command, password and TLS, a server
// without an engine, a worker, and how its health is asked. And Caddy before two servers, of which one ends.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server as HttpServer } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'
import { freePort } from './api-container.ts'
import { SITE, startProxy } from './proxy.ts'
import { documents } from './yaml-files.ts'

const PASSWORD = 'a1b2c3'
/** How long a worker may take to try the walls, in milliseconds. */
const PROOF_MS = 40_000

interface Compose {
  services: Record<string, { command?: string[]; environment?: Record<string, string> }>
}

const [cluster] = documents<Compose>('deploy/compose.cluster.yaml')
const [hosts] = documents<Compose>('deploy/compose.cluster-hosts.yaml')

/** Ends a process that this suite started. */
async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

describe('the queue of the Compose files', () => {
  let folder: string
  let redis: ChildProcess
  let server: Server | undefined
  let worker: ChildProcess | undefined
  let ports: { plain: number; tls: number }
  const url = (password: string) => `rediss://:${password}@127.0.0.1:${ports.tls}`

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cluster-'))
    ports = { plain: await freePort(), tls: await freePort() }
    await execa('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-days', '1', '-subj', '/CN=queue', '-addext', 'subjectAltName=IP:127.0.0.1'],
      ...['-keyout', join(folder, 'redis.key'), '-out', join(folder, 'redis.crt')],
    ])
    const [file = '', ...args] = cluster?.services.redis?.command ?? []
    const more = hosts?.services.redis?.environment?.REDIS_MORE ?? ''
    // Compose makes one $ of two. Only folders and ports are other ones.
    const command = args.map((arg) => arg.replaceAll('$$', '$').replace('/data', folder))
    redis = spawn(file, command, {
      env: {
        ...process.env,
        REDISCLI_AUTH: PASSWORD,
        REDIS_MORE: `${more.replaceAll('/tls/', `${folder}/`).replace('6380', `${ports.tls}`)} --port ${ports.plain} --bind 127.0.0.1`,
      },
      stdio: 'ignore',
    })
    await eventually('Redis answers', 10_000, async () => (await ask('ping')) === 'PONG')
  })
  afterAll(async () => {
    await end(worker)
    await server?.stop()
    await end(redis)
    rmSync(folder, { recursive: true })
  })

  async function ask(...args: string[]): Promise<string> {
    const env = { REDISCLI_AUTH: PASSWORD }
    const all = ['-p', `${ports.plain}`, '-e', ...args]
    return (await execa('redis-cli', all, { env, reject: false })).stdout
  }

  const settings = (password = PASSWORD) => ({
    ...{ REDIS_URL: url(password), NODE_EXTRA_CA_CERTS: join(folder, 'redis.crt') },
    ...{ POOL_SIZE: '1', MAX_RUNNING: '2' },
  })
  const health = async (env: Record<string, string> = settings()) => {
    const result = await execa('node', ['deploy/worker-healthcheck.js'], { env, reject: false })
    return { exitCode: result.exitCode, stderr: result.stderr }
  }

  it('keeps what it has, drops nothing, and lets nobody in without the password', async () => {
    expect(await ask('config', 'get', 'maxmemory-policy')).toContain('noeviction')
    expect(await ask('config', 'get', 'appendonly')).toContain('yes')
    const args = ['-p', `${ports.plain}`, '-e', 'ping']
    expect((await execa('redis-cli', args, { reject: false })).exitCode).not.toBe(0)
    const { stdout: processes } = await execa('ps', ['-o', 'args=', '-p', `${redis.pid}`])
    expect(processes).toContain('redis-server')
    expect(processes).not.toContain(PASSWORD)
  })

  it('has a worker that is healthy while it takes programs, and only then', async () => {
    expect(await health()).toEqual({ exitCode: 1, stderr: '' })
    // One of another host does not count.
    await ask('set', 'safe-code-executor:worker:x', '{"name":"host-2"}')
    await ask('zadd', 'safe-code-executor:workers', '1', 'x')
    expect(await health()).toEqual({ exitCode: 1, stderr: '' })
    await ask('del', 'safe-code-executor:worker:x', 'safe-code-executor:workers')
    worker = spawn('node', ['dist/main.js', 'worker'], {
      env: { ...process.env, ...settings() },
      stdio: 'ignore',
    })
    await eventually('it is healthy', PROOF_MS, async () => (await health()).exitCode === 0)
    expect(await health({ ...settings(), QUEUE_PREFIX: 'other' })).toMatchObject({ exitCode: 1 })

    server = await startServer({ ...settings(), EXECUTOR: 'queue', DOCKER_BIN: '/nowhere/docker' })
    expect(await server.run({ code: 'print(2 + 2)' })).toMatchObject({ output: '4' })

    await end(worker)
    expect(await health()).toEqual({ exitCode: 1, stderr: '' })
  })

  it('is missed by a worker that may not, or can not, ask it', async () => {
    expect(await health(settings('wrong'))).toMatchObject({
      ...{ exitCode: 1, stderr: expect.stringContaining('WRONGPASS') },
    })
    expect(await health({ ...settings(), REDIS_URL: 'redis://127.0.0.1:1' })).toMatchObject({
      ...{ exitCode: 1, stderr: expect.stringContaining('ECONNREFUSED') },
    })
    expect(await health({ ...settings(), REDIS_URL: '' })).toMatchObject({
      ...{ exitCode: 1, stderr: expect.stringContaining('REDIS_URL is not set') },
    })
    const strange = { ...settings(), NODE_EXTRA_CA_CERTS: '' }
    expect(await health(strange)).toMatchObject({
      ...{ exitCode: 1, stderr: expect.stringContaining('certificate') },
    })
  })
})

describe('Caddy before two servers', () => {
  const ready = { a: false, b: false }
  const servers: HttpServer[] = []
  const serverCalled = async (name: 'a' | 'b') => {
    const server = createServer((incoming, answer) => {
      if (incoming.url === '/readyz') answer.statusCode = ready[name] ? 200 : 503
      answer.end(name)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    servers.push(server)
    const address = server.address()
    return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  }
  afterAll(() => {
    for (const server of servers) server.close()
  })

  it('asks none that says that it ends, and another one where one is gone', async () => {
    const upstreams = [await serverCalled('a'), await serverCalled('b')]
    ready.a = true
    const proxy = await startProxy('caddy', 0, {
      UPSTREAM: upstreams.join(' '),
      UPSTREAM_OPTIONS: cluster?.services.caddy?.environment?.UPSTREAM_OPTIONS ?? '',
    })
    try {
      const ask = () =>
        new Promise<string>((resolve, reject) => {
          const { httpsPort, ca } = proxy
          const place = { host: '127.0.0.1', port: httpsPort, servername: SITE, ca, agent: false }
          request({ ...place, headers: { Host: `${SITE}:${httpsPort}` } }, (answer) =>
            resolve(text(answer)),
          )
            .once('error', reject)
            .end()
        })
      const many = () => Promise.all(Array.from({ length: 8 }, ask))
      const only = (name: string) => async () => (await many()).every((one) => one === name)
      await eventually('only a is asked', 10_000, only('a'))
      ready.b = true
      await eventually('both are asked', 10_000, async () => new Set(await many()).size === 2)
      const [a] = servers
      a?.close()
      a?.closeAllConnections()
      expect(await many()).toEqual(Array(8).fill('b'))
    } finally {
      await proxy.stop()
    }
  })
})
