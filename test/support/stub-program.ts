// The program of workers with simulated hosts, made once of its source: it starts in half the time then.

import { mkdirSync } from 'node:fs'
import { build } from 'esbuild'

const SOURCE = `${import.meta.dirname}/stub-worker.ts`
/** Within the project, so that it finds the packages, and two folders deep like the source, so that it finds `sandbox`. */
const FOLDER = `${import.meta.dirname}/../../.setup/stub`

let made: Promise<string> | undefined

/** Where it is. */
export function stubProgram(): Promise<string> {
  made ??= make()
  return made
}

async function make(): Promise<string> {
  mkdirSync(FOLDER, { recursive: true })
  const outfile = `${FOLDER}/stub-worker.js`
  await build({
    ...{ entryPoints: [SOURCE], outfile, bundle: true, packages: 'external' },
    ...{ platform: 'node', format: 'esm', logLevel: 'warning' },
  })
  return outfile
}
