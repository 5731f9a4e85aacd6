// Folders of environments that differ from those of the package.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OWN_ENVIRONMENTS } from '../../src/environments/environment-folder.ts'

/** Fields of environment.json; an object is written as JSON, a text as it is. */
export type Fields = Record<string, unknown> | string

/** A temporary folder for ENVIRONMENTS_DIR with these environments and nothing else. */
export function environmentsFolder(environments: Record<string, Fields>): string {
  const root = mkdtempSync(join(tmpdir(), 'environments-'))
  for (const [name, fields] of Object.entries(environments)) {
    mkdirSync(join(root, name))
    const text = typeof fields === 'string' ? fields : JSON.stringify(fields)
    writeFileSync(join(root, name, 'environment.json'), text)
  }
  return root
}

/** The same with the environments of the package, where some fields are replaced: their images stay the ones that are built. */
export function changedEnvironments(changes: Record<string, Record<string, unknown>>): string {
  const root = mkdtempSync(join(tmpdir(), 'environments-'))
  for (const [name, fields] of Object.entries(changes)) {
    cpSync(join(OWN_ENVIRONMENTS, name), join(root, name), { recursive: true })
    const path = join(root, name, 'environment.json')
    const own = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...own, ...fields }))
  }
  return root
}

/** The same where `python` and `data` are images that are used as they are. */
export function prebuiltEnvironments(images: Record<string, string>): string {
  const entries = Object.entries(images).map(([name, image]) => {
    const own = JSON.parse(readFileSync(join(OWN_ENVIRONMENTS, name, 'environment.json'), 'utf8'))
    const { packages: _, preload: __, ...rest } = own
    return [name, { ...rest, image }]
  })
  return environmentsFolder(Object.fromEntries(entries))
}
