// The size of a body: at the limit and one above, with a declared length and without.

import { describe, expect, it } from 'vitest'
import { bodySize } from '../../../src/middleware/body-size.ts'
import { mounted } from '../support/mounted.ts'
import { streamed } from '../support/stream.ts'

const app = mounted(bodySize(10))

async function post(init: RequestInit): Promise<[status: number, text: string]> {
  const response = await app.request('/', { method: 'POST', ...init })
  return [response.status, await response.text()]
}

const TOO_LARGE =
  '{"output":"","error":"body: must be at most 10 bytes","code":"too_large","requestId":"id"}'

describe('a body of a declared length', () => {
  it('passes at the limit', async () => {
    const headers = { 'Content-Length': '10' }
    expect(await post({ headers, body: 'x'.repeat(10) })).toEqual([200, 'passed with 10 bytes'])
  })

  it('is refused one byte above, before any of it is read', async () => {
    const { seen, init } = streamed(['x'.repeat(11)])
    expect(await post({ headers: { 'Content-Length': '11' }, ...init })).toEqual([413, TOO_LARGE])
    expect(seen.pulled).toBe(0)
  })

  it.each(['99999999999999999999', '1048576'])('is refused when it claims %s bytes', async (n) => {
    const { seen, init } = streamed(['x'])
    expect(await post({ headers: { 'Content-Length': n }, ...init })).toEqual([413, TOO_LARGE])
    expect(seen.pulled).toBe(0)
  })
})

describe('a body in chunks', () => {
  it('passes at the limit, whole', async () => {
    expect(await post(streamed(['xxxxx', 'xxxx', 'x']).init)).toEqual([200, 'passed with 10 bytes'])
  })

  it('is refused one byte above', async () => {
    expect(await post(streamed(['xxxxx', 'xxxxx', 'x']).init)).toEqual([413, TOO_LARGE])
  })

  it('is refused when its first chunk is too large', async () => {
    expect(await post(streamed(['x'.repeat(1000)]).init)).toEqual([413, TOO_LARGE])
  })

  it('is dropped above the limit up to 64 MiB, though it never ends', async () => {
    const piece = new Uint8Array(2 ** 20)
    function* endless() {
      while (true) yield piece
    }
    const { seen, init } = streamed(endless())
    expect(await post(init)).toEqual([413, TOO_LARGE])
    expect(seen.pulled).toBeLessThanOrEqual(66)
  })

  it('passes in two hundred thousand pieces', async () => {
    const large = mounted(bodySize(200_000))
    const { init } = streamed(Array.from({ length: 200_000 }, () => 'x'))
    const response = await large.request('/', { method: 'POST', ...init })
    expect(await response.text()).toBe('passed with 200000 bytes')
  })

  it('is counted although it declares a small length too', async () => {
    const headers = { 'Transfer-Encoding': 'chunked', 'Content-Length': '1' }
    expect(await post({ headers, ...streamed(['xxxxx', 'xxxxx', 'x']).init })).toEqual([
      413,
      TOO_LARGE,
    ])
  })

  it('is counted in bytes, not in characters', async () => {
    expect(await post(streamed(['ééééé']).init)).toEqual([200, 'passed with 10 bytes'])
    expect(await post(streamed(['éééééé']).init)).toEqual([413, TOO_LARGE])
  })
})

it('passes without a body', async () => {
  expect(await post({})).toEqual([200, 'passed with 0 bytes'])
  expect(await post({ method: 'GET' })).toEqual([200, 'passed with 0 bytes'])
})
