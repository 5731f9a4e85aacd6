// Form posts: from the page's own host, and from everywhere else.

import { describe, expect, it } from 'vitest'
import { sameOrigin } from '../../../src/middleware/same-origin.ts'
import { mounted } from '../support/mounted.ts'

const app = mounted(sameOrigin())

async function post(headers: Record<string, string>, method = 'POST'): Promise<Response> {
  const type = 'application/x-www-form-urlencoded'
  return app.request('/', {
    method,
    headers: { 'Content-Type': type, Host: 'runner.example', ...headers },
    ...(method === 'POST' && { body: 'code=1' }),
  })
}

describe('a post', () => {
  it.each([
    ['of the same host', { Origin: 'http://runner.example' }],
    ['of the same host, behind a proxy that ends TLS', { Origin: 'https://runner.example' }],
    ['of the same host and port', { Host: 'localhost:5000', Origin: 'http://localhost:5000' }],
    ['of the same host in capitals', { Host: 'Runner.Example', Origin: 'http://runner.example' }],
    ['that the browser calls its own', { 'Sec-Fetch-Site': 'same-origin' }],
    ['that the visitor started, not a page', { 'Sec-Fetch-Site': 'none' }],
    ['of no browser, which sends neither field', {}],
  ])('passes: %s', async (_, headers) => {
    expect((await post(headers)).status).toBe(200)
  })

  it.each([
    ['of another host', { Origin: 'http://evil.example' }],
    ['of a subdomain', { Origin: 'http://x.runner.example' }],
    ['of a parent domain', { Origin: 'http://example' }],
    ['of a host that ends alike', { Origin: 'http://evilrunner.example' }],
    ['of a host that begins alike', { Origin: 'http://runner.example.evil' }],
    ['with the host as a user name', { Origin: 'http://runner.example@evil.example' }],
    ['with the host in the query', { Origin: 'http://evil.example/?runner.example' }],
    ['of another port', { Origin: 'http://runner.example:8080' }],
    [
      'of a host that only a header field of proxies names',
      { 'X-Forwarded-Host': 'evil.example', Origin: 'http://evil.example' },
    ],
    ['of a page without an origin', { Origin: 'null' }],
    ['of an empty origin', { Origin: '' }],
    ['of an origin that is none', { Origin: 'runner.example' }],
    ['that the browser calls foreign', { 'Sec-Fetch-Site': 'cross-site' }],
    ['that the browser calls a sibling', { 'Sec-Fetch-Site': 'same-site' }],
    [
      'that the browser calls foreign, whatever else it sends',
      { 'Sec-Fetch-Site': 'cross-site', Origin: 'http://runner.example' },
    ],
    ['that calls itself something new', { 'Sec-Fetch-Site': 'friendly' }],
  ])('is refused: %s', async (_, headers) => {
    const response = await post(headers)
    expect(response.status).toBe(403)
    expect(await response.json()).toEqual({
      output: '',
      error: 'The form was sent by another site',
      code: 'forbidden',
      requestId: 'id',
    })
  })

  it('is judged the same whatever its type', async () => {
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/json', '']) {
      const headers = { 'Content-Type': type, Origin: 'http://evil.example' }
      expect((await post(headers)).status).toBe(403)
    }
  })
})
