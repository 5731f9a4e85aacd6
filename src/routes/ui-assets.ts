// GET /ui/assets/*: the page's script and style.

import { Hono } from 'hono'
import { etag } from 'hono/etag'
import type { AppEnv } from '../app-env.ts'
import { ASSET_TYPES, type AssetName, Assets } from '../ui/assets.ts'

export function uiAssetsRoute() {
  const assets = new Assets()
  const app = new Hono<AppEnv>().use(etag())
  for (const [name, type] of Object.entries(ASSET_TYPES)) {
    app.get(`/${name}`, async (c) => {
      const { plain, gzipped } = await assets.get(name as AssetName)
      const isGzip = /\bgzip\b/.test(c.req.header('Accept-Encoding') ?? '')
      if (isGzip) c.header('Content-Encoding', 'gzip')
      return c.body(new Uint8Array(isGzip ? gzipped : plain), 200, {
        'Content-Type': type,
        Vary: 'Accept-Encoding',
        // Asked again each time and mostly answered with 304: never an old script for a new page.
        'Cache-Control': 'no-cache',
      })
    })
  }
  return app
}
