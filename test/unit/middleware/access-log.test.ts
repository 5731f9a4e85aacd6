// The access log: one line a request, with nothing that a client wants to keep for itself.

import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { accessLog } from '../../../src/middleware/access-log.ts'
import { memoryLog } from '../support/app.ts'

/** Sends a request to a route that answers in this way; returns what was logged. */
async function logged(
  answer: () => Response | Promise<Response>,
  path = '/run',
  init: RequestInit = { method: 'POST' },
) {
  const { logger, lines } = memoryLog()
  const app = new Hono()
  app.onError((_, c) => c.text('failed', 500))
  app.use(accessLog({ logger }))
  app.all('/run', answer)
  await app.request(path, init)
  return lines.map((line) => JSON.parse(line))
}

describe('a request', () => {
  it('has one line', async () => {
    const [line, ...more] = await logged(() => new Response('ok', { status: 201 }))
    expect(more).toEqual([])
    expect(line).toMatchObject({
      level: 30,
      msg: 'request',
      method: 'POST',
      path: '/run',
      status: 201,
    })
    expect(Number.isInteger(line.durationMs)).toBe(true)
  })

  it('has one with the status of an error', async () => {
    const lines = await logged(() => Promise.reject(new Error('boom')))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ status: 500 })
  })

  it('has one where there is no such path', async () => {
    const lines = await logged(() => new Response('ok'), '/nothing')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ path: '/nothing', status: 404 })
  })

  it('leaves nothing of its body, its query or its key in the log', async () => {
    const init = {
      method: 'POST',
      headers: { Authorization: 'Bearer secret-key' },
      body: 'secret-code',
    }
    const answer = () => new Response('secret-output')
    const lines = await logged(answer, '/run?q=secret-query', init)
    expect(lines).toHaveLength(1)
    expect(JSON.stringify(lines)).not.toContain('secret')
  })
})
