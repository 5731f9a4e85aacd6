// GET /ui/assets/*: the page's script and style.

import { Hono } from 'hono'
import { etag } from 'hono/etag'
import type { AppEnv } from '../middleware/app-env.ts'
import { ASSET_TYPES, type AssetName, readAsset } from '../ui/assets.ts'
import { SharedAttempt } from '../waits/shared-attempt.ts'

export function uiAssetsRoute() {
  const app = new Hono<AppEnv>().use(etag())
  for (const [name, type] of Object.entries(ASSET_TYPES)) {
    const asset = new SharedAttempt(() => readAsset(name as AssetName))
    app.get(`/${name}`, async (c) => {
      const { plain, gzipped } = await asset.get()
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
