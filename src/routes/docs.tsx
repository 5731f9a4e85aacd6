// GET /openapi.json: the API document. GET /docs: Swagger UI for it, which loads nothing from other servers.

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { Hono } from 'hono'
import { raw } from 'hono/html'
import type { AppEnv } from '../middleware/app-env.ts'

const SCRIPT = 'text/javascript; charset=utf-8'

/** Files of the package swagger-ui-dist that the page loads, with their types. */
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui-bundle.js': SCRIPT,
  'swagger-ui.css': 'text/css; charset=utf-8',
}

/** Starts Swagger UI. By default `validatorUrl` would send the document to a service of its maker. */
const START = `SwaggerUIBundle({
  url: '../openapi.json',
  dom_id: '#docs',
  validatorUrl: null,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
})
`

/** `document` makes the document, in OpenAPI 3.1. */
export function docsRoute(document: () => Promise<object>) {
  const app = new Hono<AppEnv>()
    .get('/openapi.json', async (c) => c.json(await document()))
    .get('/docs', (c) => c.redirect('docs/'))
    .get('/docs/', (c) => c.html(<Page />))
    .get('/docs/start.js', (c) => c.body(START, 200, { 'Content-Type': SCRIPT }))
  for (const [name, type] of Object.entries(ASSETS)) {
    app.get(`/docs/${name}`, async (c) => {
      const file = createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`)
      const headers = { 'Content-Type': type, 'Cache-Control': 'public, max-age=86400' }
      return c.body(await readFile(file), 200, headers)
    })
  }
  return app
}

function Page() {
  return (
    <>
      {raw('<!doctype html>')}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <link rel="icon" href="data:," />
          <title>safe-code-executor: API</title>
          <link rel="stylesheet" href="swagger-ui.css" />
          <script src="swagger-ui-bundle.js" defer></script>
          <script src="start.js" defer></script>
        </head>
        <body>
          <div id="docs"></div>
          <noscript>
            The API document: <a href="../openapi.json">openapi.json</a>
          </noscript>
        </body>
      </html>
    </>
  )
}
