// The command line as its tests start it.

import { rmSync } from 'node:fs'
import { build } from 'esbuild'
import { afterAll, beforeAll } from 'vitest'

/**
 * The path of the command line, compiled for the tests of one file: from TypeScript it takes three times as long to start.
 * Below the top folder as deep as in `src/`, because it looks for files beside `src/`.
 */
export function commandLine(): string {
  const folder = `.setup/command-line-${process.pid}`
  beforeAll(async () => {
    await build({
      ...{ entryPoints: ['src/main.ts'], outdir: folder, bundle: true, splitting: true },
      ...{ format: 'esm', platform: 'node', packages: 'external', logLevel: 'error' },
    })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return `${folder}/main.js`
}
