// Folders of environments that differ from those of the package.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Fields of environment.json; an object is written as JSON, a text as it is. */
export type Fields = Record<string, unknown> | string

/** A folder for ENVIRONMENTS_DIR with these environments and nothing else, until the test is over. */
export function environmentsFolder(environments: Record<string, Fields>): string {
  const root = mkdtempSync(join(tmpdir(), 'environments-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [name, fields] of Object.entries(environments)) {
    mkdirSync(join(root, name))
    const text = typeof fields === 'string' ? fields : JSON.stringify(fields)
    writeFileSync(join(root, name, 'environment.json'), text)
  }
  return root
}
