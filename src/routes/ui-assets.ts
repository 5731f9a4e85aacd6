// GET /ui/assets/*: the page's script and style, bundled by the build into dist/ui/browser.

import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { Hono } from 'hono'
import { etag } from 'hono/etag'
import type { AppEnv } from '../middleware/app-env.ts'
import { SharedAttempt } from '../waits/shared-attempt.ts'

const TYPES = {
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
}

/** The same folder from src/routes and from dist/routes. */
const FOLDER = new URL('../../dist/ui/browser/', import.meta.url)

export function uiAssetsRoute() {
  const app = new Hono<AppEnv>().use(etag())
  for (const [name, type] of Object.entries(TYPES)) {
    const asset = new SharedAttempt(async () => {
      const plain = new Uint8Array(await readFile(new URL(name, FOLDER)))
      return { plain, gzipped: new Uint8Array(await promisify(gzip)(plain, { level: 9 })) }
    })
    app.get(`/${name}`, async (c) => {
      const { plain, gzipped } = await asset.get()
      const isGzip = /\bgzip\b/.test(c.req.header('Accept-Encoding') ?? '')
      if (isGzip) c.header('Content-Encoding', 'gzip')
      return c.body(isGzip ? gzipped : plain, 200, {
        'Content-Type': type,
        Vary: 'Accept-Encoding',
        // Validated each time, mostly with 304: a new page never gets an old script.
        'Cache-Control': 'no-cache',
      })
    })
  }
  return app
}
