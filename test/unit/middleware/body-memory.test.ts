// Bodies of requests that are not answered yet: bounded together, and for each client.

import { Hono } from 'hono'
import { beforeEach, expect, it } from 'vitest'
import type { AppEnv } from '../../../src/middleware/app-env.ts'
import { bodyMemory } from '../../../src/middleware/body-memory.ts'
import { toRefusal } from '../../../src/run/refusal.ts'

const MEBIBYTE = 2 ** 20
/** Of such bodies there are 32 at once. */
const LONGEST = 4 * MEBIBYTE

let answers: (() => void)[]
let app: Hono<AppEnv>
beforeEach(() => {
  answers = []
  app = new Hono<AppEnv>()
  app.onError((error, c) => {
    const { status, headers } = toRefusal(error)
    return c.text('', status, headers)
  })
  app.use((c, next) => {
    c.set('client', c.req.header('X-Client') ?? '')
    return next()
  })
  app.use(bodyMemory(LONGEST))
  app.post('/', async (c) => {
    await new Promise<void>((resolve) => answers.push(resolve))
    return c.text('')
  })
})

/** A request of which the body is not read; its status, or `held` where it is not answered. */
function post(client: string, length: number | undefined) {
  const declared = length === undefined ? {} : { 'Content-Length': String(length) }
  const headers = { 'X-Client': client, ...declared }
  const status = Promise.resolve(app.request('/', { method: 'POST', headers })).then(
    (answer) => answer.status,
  )
  const held = new Promise<'held'>((resolve) => setTimeout(resolve, 20, 'held'))
  return Promise.race([status, held])
}

it('lets one client have nine times what it leaves free, and no more', async () => {
  // 128 MiB: with 28 of the longest 16 MiB are free, with 29 it would be 12, of which nine times is 108.
  for (let n = 0; n < 28; n += 1) expect(await post('a', LONGEST), String(n)).toBe('held')
  expect(await post('a', LONGEST)).toBe(503)
  expect(await post('a', 1000)).toBe('held')
})

it('has room for another client then', async () => {
  for (let n = 0; n < 28; n += 1) await post('a', LONGEST)
  for (let n = 0; n < 3; n += 1) expect(await post('b', LONGEST)).toBe('held')
})

it('counts one without a declared length as the longest, and none as more', async () => {
  for (let n = 0; n < 14; n += 1) {
    await post('a', undefined)
    await post('a', 1000 * LONGEST)
  }
  expect(await post('a', LONGEST)).toBe(503)
})

it('forgets what is answered', async () => {
  for (let n = 0; n < 28; n += 1) await post('a', LONGEST)
  for (const answer of answers.splice(0)) answer()
  await new Promise((resolve) => setTimeout(resolve, 10))
  for (let n = 0; n < 28; n += 1) expect(await post('a', LONGEST), String(n)).toBe('held')
})
