// The page's script and style: bundled, small, compressed where it can be, and asked for again only when they changed.

import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { testApp } from '../support/app.ts'

const MAX_GZIPPED_BYTES = 200_000
const { app } = testApp()
const get = (name: string, headers: Record<string, string> = {}) =>
  app.request(`/ui/assets/${name}`, { headers })

describe.each([
  ['page.js', 'text/javascript; charset=utf-8'],
  ['page.css', 'text/css; charset=utf-8'],
])('%s', (name, type) => {
  it('is there, plain and compressed', async () => {
    const plain = await get(name)
    expect([plain.status, plain.headers.get('Content-Type')]).toEqual([200, type])
    const gzipped = await get(name, { 'Accept-Encoding': 'br, gzip' })
    expect(gzipped.headers.get('Content-Encoding')).toBe('gzip')
    expect(gzipped.headers.get('Vary')).toBe('Accept-Encoding')
    const unpacked = gunzipSync(Buffer.from(await gzipped.arrayBuffer()))
    expect(unpacked.equals(Buffer.from(await plain.arrayBuffer()))).toBe(true)
  })

  it('is not sent again while it is the same', async () => {
    const etag = (await get(name)).headers.get('ETag') ?? ''
    expect(etag).not.toBe('')
    expect((await get(name, { 'If-None-Match': etag })).status).toBe(304)
    expect((await get(name, { 'If-None-Match': '"other"' })).status).toBe(200)
  })
})

it('are small together with the page', async () => {
  const sizes = await Promise.all(
    ['/ui', '/ui/assets/page.js', '/ui/assets/page.css'].map(async (path) => {
      const response = await app.request(path, { headers: { 'Accept-Encoding': 'gzip' } })
      return (await response.arrayBuffer()).byteLength
    }),
  )
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(MAX_GZIPPED_BYTES)
})

it('are nothing else', async () => {
  expect((await get('page.ts')).status).toBe(404)
  expect((await get('..%2fmain.js')).status).toBe(404)
})
