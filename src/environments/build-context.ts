// Writes the folder that an environment's image is built in: sandbox/Dockerfile, the runner, and what the environment adds.

import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtImage } from './environment.ts'
import {
  ENVIRONMENT_FILE,
  type EnvironmentFolder,
  OPERATORS_DOCKERFILE,
  REQUIREMENTS_FILE,
} from './environment-folder.ts'

const SANDBOX = fileURLToPath(new URL('../../sandbox', import.meta.url))

/** Files of sandbox/ that are not part of the runner: the server runs the probe like any other program. */
const NOT_THE_RUNNER = ['probe.py']

/** Files of sandbox/ that build the image. */
const BUILD_FILES = ['Dockerfile', 'check-base.sh', 'install-requirements.sh', 'locales.sh']

/** Folder of modules that programs can import: of this package, and of an environment. */
const SITE = 'site'

/** A preload.py of the environment, as it is called in the image. */
const ENVIRONMENT_PRELOAD = 'environment_preload.py'

/** What is to be done for an environment's image. */
export interface ImagePlan {
  image: string
  /** SHA-256 of all that it is built from; undefined for an image that is used as it is. */
  inputs: string | undefined
}

/**
 * Writes everything that the image depends on to `target`, which is replaced. For a prebuilt image nothing is written.
 * @throws {Error} if a file cannot be written.
 */
export function writeBuildContext(
  { name, path, file: fields }: EnvironmentFolder,
  target: string,
): ImagePlan {
  rmSync(target, { recursive: true, force: true })
  if (fields.image !== undefined) return { image: fields.image, inputs: undefined }
  const has = (inside: string) => existsSync(join(path, inside))
  // No build reads environment.json: a changed limit leaves the image as it is.
  const file = join(path, ENVIRONMENT_FILE)
  const copy = (from: string, to: string) =>
    cpSync(from, join(target, to), {
      recursive: true,
      dereference: true,
      filter: (source) => source !== file,
    })
  const write = (inside: string, lines: readonly string[]) =>
    writeFileSync(join(target, inside), lines.map((line) => `${line}\n`).join(''))

  mkdirSync(join(target, 'requirements'), { recursive: true })
  for (const own of BUILD_FILES) copy(join(SANDBOX, own), own)
  write('packages.txt', fields.packages)
  copy(path, 'environment')
  if (has(REQUIREMENTS_FILE)) copy(path, 'requirements')
  else if (fields.requirements.length > 0) {
    write(`requirements/${REQUIREMENTS_FILE}`, fields.requirements)
    if (has('wheels')) copy(join(path, 'wheels'), 'requirements/wheels')
  }
  if (has(OPERATORS_DOCKERFILE)) copy(path, 'base')
  copy(join(SANDBOX, SITE), SITE)
  if (has(SITE)) copy(join(path, SITE), SITE)

  const hasPreload = has('preload.py') || fields.preload.length > 0
  const without = [...NOT_THE_RUNNER, ...(hasPreload ? [] : ['preload.py'])]
  for (const runner of readdirSync(SANDBOX)) {
    if (!runner.endsWith('.py') || without.includes(runner)) continue
    copy(join(SANDBOX, runner), join('runner', runner))
  }
  if (has('preload.py')) copy(join(path, 'preload.py'), `runner/${ENVIRONMENT_PRELOAD}`)
  if (fields.preload.length > 0) write('runner/preload.txt', fields.preload)
  return { image: builtImage(name), inputs: hashOf(target) }
}

/** One hash for the names and the content of all files. */
function hashOf(folder: string): string {
  const hash = createHash('sha256')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  const paths = files
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  for (const path of paths.sort()) {
    const content = readFileSync(join(folder, path))
    hash.update(`${path}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}
