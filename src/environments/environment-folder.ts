// The folder of an environment: environment.json, and what its image is built from.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ENVIRONMENT_NAME, type EnvironmentFile, parseEnvironmentFile } from './environment-file.ts'

/** The environments that belong to this package. */
export const OWN_ENVIRONMENTS = fileURLToPath(
  new URL('../../sandbox/environments', import.meta.url),
)

/** The file that every folder has. */
export const ENVIRONMENT_FILE = 'environment.json'
/** Files of a folder that have a meaning beside it. */
export const REQUIREMENTS_FILE = 'requirements.txt'
export const OPERATORS_DOCKERFILE = 'Dockerfile'

/** The folder of an environment, read. */
export interface EnvironmentFolder {
  name: string
  path: string
  file: EnvironmentFile
}

/** The folders that environments are looked for in; the first that has a name wins. */
export function environmentRoots(operatorsFolder: string): string[] {
  return operatorsFolder === '' ? [OWN_ENVIRONMENTS] : [operatorsFolder, OWN_ENVIRONMENTS]
}

/** The names of all environments in these folders. */
export function environmentNames(roots: readonly string[]): string[] {
  const inside = (root: string) => {
    const names = existsSync(root) ? readdirSync(root) : []
    // Other folders, such as .git, are none.
    return names.filter((name) => ENVIRONMENT_NAME.test(name) && isFolder(join(root, name)))
  }
  return [...new Set(roots.flatMap(inside))]
}

/** The folder with this name; undefined if there is none. */
export function findFolder(name: string, roots: readonly string[]): string | undefined {
  return roots.map((root) => join(root, name)).find((path) => isFolder(path))
}

/**
 * Reads the folder of an environment.
 * @throws {Error} that names every fault.
 */
export function readFolder(name: string, path: string): EnvironmentFolder {
  let text: string
  try {
    text = readFileSync(join(path, ENVIRONMENT_FILE), 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Error(code === 'ENOENT' ? 'there is no environment.json' : (error as Error).message)
  }
  const file = parseEnvironmentFile(text)
  const conflict = conflictIn(file, (inside) => existsSync(join(path, inside)))
  if (conflict) throw new Error(conflict)
  return { name, path, file }
}

/** Fields and files that contradict each other. */
function conflictIn(
  { image, packages, requirements }: EnvironmentFile,
  has: (name: string) => boolean,
): string | undefined {
  const hasRequirements = requirements.length > 0 || has(REQUIREMENTS_FILE)
  const isBuilt = packages.length > 0 || hasRequirements || has(OPERATORS_DOCKERFILE)
  if (image !== undefined && isBuilt) {
    return 'image: names a prebuilt image, so packages, requirements, requirements.txt and Dockerfile would have no effect; remove one or the other'
  }
  if (requirements.length > 0 && has(REQUIREMENTS_FILE)) {
    return 'requirements: there is also a file requirements.txt; use one of the two'
  }
  if (has(OPERATORS_DOCKERFILE) && (packages.length > 0 || hasRequirements)) {
    return 'Dockerfile: installs everything itself; move packages and requirements into it'
  }
  return undefined
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
