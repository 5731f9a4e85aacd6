// Writes the folder of a new environment, as a start for its operator.

import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ENVIRONMENT_NAME, parseEnvironmentFile } from './environment-file.ts'
import { ENVIRONMENT_FILE, REQUIREMENTS_FILE, readFolder } from './environment-folder.ts'

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
 * @param from the folder of an environment to copy first; packages, requirements and modules are added to its own.
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
  const copied =
    from === undefined ? {} : JSON.parse(readFileSync(join(from, ENVIRONMENT_FILE), 'utf8'))
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  const added = (field: 'packages' | 'preload') => {
    const all = [...new Set([...(copied[field] ?? []), ...(fields[field] ?? [])])]
    return all.length > 0 && { [field]: all }
  }
  const content = {
    ...copied,
    ...Object.fromEntries(given),
    ...added('packages'),
    ...added('preload'),
    $schema: `../${SCHEMA}`,
  }
  const requirements = [
    ...(copied.requirements ?? []),
    ...specifiers,
    ...wheels.map((wheel) => requirementOf(wheel)),
  ]
  delete content.requirements
  // Judged before anything is written.
  parseEnvironmentFile(JSON.stringify({ ...content, requirements }))
  mkdirSync(root, { recursive: true })
  try {
    if (from === undefined) mkdirSync(path)
    else cpSync(from, path, { recursive: true, dereference: true })
    copyFileSync(OWN_SCHEMA, join(root, SCHEMA))
    const { $schema, ...rest } = content
    writeFileSync(
      join(path, ENVIRONMENT_FILE),
      `${JSON.stringify({ $schema, ...rest }, null, 2)}\n`,
    )
    const lines = requirements.map((line) => `${line}\n`).join('')
    if (lines !== '') appendFileSync(join(path, REQUIREMENTS_FILE), lines)
    for (const wheel of wheels) {
      mkdirSync(join(path, 'wheels'), { recursive: true })
      copyFileSync(wheel, join(path, 'wheels', basename(wheel)))
    }
    readFolder(name, path)
    return path
  } catch (error) {
    rmSync(path, { recursive: true, force: true })
    throw error
  }
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
