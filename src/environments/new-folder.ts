// Writes the folder of a new environment, as a start for its operator.

import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ENVIRONMENT_NAME, parseEnvironmentFile } from './environment-file.ts'
import { REQUIREMENTS_FILE, readFolder } from './environment-folder.ts'

const SCHEMA = 'environment.schema.json'
const OWN_SCHEMA = fileURLToPath(new URL(`../../sandbox/${SCHEMA}`, import.meta.url))

/** The fields that a new environment starts with, as in environment.json; undefined ones are left out. */
export interface NewEnvironment {
  description?: string | undefined
  packages?: readonly string[] | undefined
  requirements?: readonly string[] | undefined
  /** Paths of wheels; each is copied and required. */
  wheels?: readonly string[] | undefined
  preload?: readonly string[] | undefined
  memoryMb?: number | undefined
  maxTimeoutSeconds?: number | undefined
}

/**
 * Writes the folder, and the schema beside it for editors.
 * @param from the folder of an environment to copy first.
 * @returns the path of the folder.
 * @throws {Error} if the folder exists already, or a field is not valid.
 */
export function writeNewFolder(
  name: string,
  root: string,
  { requirements: specifiers = [], wheels = [], ...fields }: NewEnvironment,
  from?: string,
): string {
  if (!ENVIRONMENT_NAME.test(name)) {
    throw new Error(`${name}: must be at most 32 lowercase letters, digits, and . _ - between them`)
  }
  const path = join(root, name)
  if (existsSync(path)) throw new Error(`${path} exists already`)
  const requirements = [...specifiers, ...wheels.map(requirementOf)]
  const copied =
    from === undefined ? {} : JSON.parse(readFileSync(join(from, 'environment.json'), 'utf8'))
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  const content = { ...copied, ...Object.fromEntries(given), $schema: `../${SCHEMA}` }
  // Judged before anything is written.
  parseEnvironmentFile(JSON.stringify({ ...content, requirements }))
  mkdirSync(root, { recursive: true })
  if (from === undefined) mkdirSync(path)
  else cpSync(from, path, { recursive: true, dereference: true })
  copyFileSync(OWN_SCHEMA, join(root, SCHEMA))
  const { $schema, ...rest } = content
  writeFileSync(
    join(path, 'environment.json'),
    `${JSON.stringify({ $schema, ...rest }, null, 2)}\n`,
  )
  if (requirements.length > 0) {
    writeFileSync(join(path, REQUIREMENTS_FILE), `${requirements.join('\n')}\n`)
  }
  for (const wheel of wheels) {
    mkdirSync(join(path, 'wheels'), { recursive: true })
    copyFileSync(wheel, join(path, 'wheels', basename(wheel)))
  }
  readFolder(name, path)
  return path
}

/**
 * The requirement that a wheel satisfies, from its name: NAME-VERSION-….whl.
 * @throws {Error} if it is no wheel, or not there.
 */
function requirementOf(wheel: string): string {
  const [, name, version] = basename(wheel).match(/^([^-]+)-([^-]+)-.+\.whl$/) ?? []
  if (name === undefined || !existsSync(wheel)) {
    throw new Error(`${wheel}: must be a file NAME-VERSION-….whl`)
  }
  return `${name}==${version}`
}
