// The names that a server answers to: its own, and what nobody can make lead elsewhere.

import { describe, expect, it } from 'vitest'
import { allowedHosts } from '../../../src/middleware/allowed-hosts.ts'
import { postRun, testApp } from '../support/app.ts'
import { mounted } from '../support/mounted.ts'

const app = mounted(
  allowedHosts({
    names: ['run.example.org', '*.example.net'],
    isEnforced: true,
    openPaths: ['/open'],
  }),
)

async function answer(Host: string, headers: Record<string, string> = {}) {
  const response = await app.request('/', { headers: { Host, ...headers } })
  const text = await response.text()
  return [response.status, response.ok ? '' : JSON.parse(text).code]
}

describe('a server without keys', () => {
  it.each([
    ...['127.0.0.1', '127.0.0.1:5000', '192.0.2.7', '255.255.255.255', '0.0.0.0', '127.0.0.1.'],
    // As a command line has them; a browser writes 127.0.0.1.
    ...['127.1', '2130706433', '0x7f.1', '0177.0.0.1', '0x7F000001:5000'],
    ...['[::1]', '[::1]:5000', '[2001:DB8::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]:80'],
    ...['[fe80::1%eth0]:5000', '[fe80::1%25eth0]'],
    ...['localhost', 'LOCALHOST:5000', 'localhost.', 'a.localhost', 'A.b.LocalHost.:1', 'x:'],
    ...['api', 'api:5000', 'api_1', 'my-server.', 'xn--bcher-kva'],
    ...['run.example.org', 'RUN.Example.Org.:443', 'a.example.net', 'a.b.example.net:80'],
  ])('answers to %j', async (host) => {
    expect(await answer(host)).toEqual([200, ''])
  })

  it.each([
    ...['evil.example', 'evil.example:5000', 'EVIL.EXAMPLE.', 'xn--bcher-kva.example'],
    ...[
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      'notlocalhost.example',
      '1.2.3.4.nip.io',
    ],
    ...['a.run.example.org', 'example.org', 'example.net', 'evilexample.net', 'example.net.evil'],
    ...['localhost..', 'run.example.org.evil', 'run.example.org..'],
  ])('does not answer to %j', async (host) => {
    expect(await answer(host)).toEqual([421, 'misdirected_request'])
  })

  it.each([
    ...['localhost@evil.example', 'evil.example@localhost', 'user:pass@localhost', 'local host'],
    ...['localhost/evil', 'localhost?', 'localhost#', 'localhost\\evil', 'evil.example:80:80', ':'],
    ...['.', ':5000', '[::1', '::1', '[]', '[evil.example]', '[::1]evil.example', '%6cocalhost'],
    ...['1.2.3.256', '1.2.3.4.5', 'localhost:port', '<img>', '*', '*.example.net', 'büro', 'a|b'],
  ])('takes %j for no name', async (host) => {
    expect(await answer(host)).toEqual([400, 'invalid_request'])
  })

  it('takes several lines for none, even where they are the same', async () => {
    for (const hosts of [
      ['localhost', 'localhost'],
      ['localhost', 'evil.example'],
      ['', 'x'],
    ]) {
      const headers = new Headers(hosts.map((host) => ['Host', host]))
      expect((await app.request('/', { headers })).status).toBe(400)
      expect((await app.request('/open', { headers })).status).toBe(400)
    }
  })

  it('believes no field that a proxy or a page may add', async () => {
    for (const field of ['X-Forwarded-Host', 'X-Host', 'X-Original-Host', 'Forwarded', 'Origin']) {
      expect(await answer('evil.example', { [field]: 'localhost' })).toEqual([
        ...[421, 'misdirected_request'],
      ])
      expect(await answer('localhost', { [field]: 'evil.example' })).toEqual([200, ''])
    }
  })

  it('judges by the host of an absolute target as well', async () => {
    const status = async (url: string, Host: string) =>
      (await app.request(url, { headers: { Host } })).status
    expect(await status('http://evil.example/', 'localhost')).toBe(421)
    expect(await status('http://localhost/', 'evil.example')).toBe(421)
    expect(await status('http://127.0.0.1:5000/', 'localhost')).toBe(200)
  })

  it('answers open paths under every name', async () => {
    for (const Host of ['evil.example', 'outbound|80||api', 'a@b', '']) {
      const response = await app.request('/open', { headers: { Host } })
      expect(response.status).toBe(404) // it passed
    }
  })

  it('says what to set, and repeats no more than a name is long', async () => {
    const said = async (Host: string) =>
      (await (await app.request('/', { headers: { Host } })).json()).error
    expect(await said('Evil.Example.:80')).toBe(
      'Host: this server does not answer to "evil.example"; its operator can add the name to ALLOWED_HOSTS',
    )
    expect((await said(`${'a.'.repeat(5000)}b`)).length).toBeLessThan(400)
  })
})

describe('the app', () => {
  const at = (Host: string, settings: Record<string, string> = {}) => {
    const { app, executor, metrics } = testApp({ settings })
    const ask = async (path: string, method = 'GET') =>
      (await app.request(path, { method, headers: { Host, Origin: `http://${Host}` } })).status
    return { app, executor, metrics, ask }
  }

  it('runs nothing, and shows nothing, under a name that a stranger owns', async () => {
    const { app, executor, metrics, ask } = at('evil.example:5000')
    const own = { Host: 'evil.example:5000', Origin: 'http://evil.example:5000' }
    expect((await postRun(app, undefined, own)).status).toBe(421)
    const paths = ['/', '/ui', '/metrics', '/environments', '/openapi.json', '/docs', '/nothing']
    for (const path of paths) expect(await ask(path), path).toBe(421)
    expect([await ask('/ui', 'POST'), await ask('/runs', 'POST')]).toEqual([421, 421])
    expect([await ask('/runs/x', 'DELETE'), await ask('/run', 'OPTIONS')]).toEqual([421, 421])
    expect([await ask('/healthz'), await ask('/readyz')]).toEqual([200, 200])
    expect([await ask('/healthz/'), await ask('//healthz'), await ask('/healthz/x')]).toEqual([
      ...[421, 421, 421],
    ])
    expect(executor.requests).toHaveLength(1) // that of readyz
    expect(await metrics.text()).toContain('refusals_total{code="misdirected_request"} 15')
  })

  it('refuses such a request before it counts it or looks at it', async () => {
    const { app } = testApp({ settings: { RATE_LIMIT: '1/60' } })
    const headers = { Host: 'evil.example', 'Content-Type': 'text/plain' }
    const response = await app.request('/run', { method: 'POST', headers, body: 'x' })
    expect([response.status, response.headers.get('RateLimit')]).toEqual([421, null])
    expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
    expect((await postRun(app, undefined, { Host: 'localhost' })).status).toBe(200)
  })

  it('answers to the names of ALLOWED_HOSTS', async () => {
    const { ask } = at('run.example.org', { ALLOWED_HOSTS: 'run.example.org' })
    expect([await ask('/ui'), await ask('/metrics')]).toEqual([200, 200])
  })

  it('answers to every name with keys, unless it has names', async () => {
    const keys = { API_KEYS: 'one' }
    expect(await at('other.example', keys).ask('/ui')).toBe(200)
    const named = { ...keys, ALLOWED_HOSTS: '*.example.org' }
    expect(await at('other.example', named).ask('/ui')).toBe(421)
    expect(await at('run.example.org', named).ask('/ui')).toBe(200)
  })
})
