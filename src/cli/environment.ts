// safe-code-executor environment: makes environments, builds their images, lists them.

import { resolve } from 'node:path'
import { Command } from 'commander'
import { type Config, parseConfig } from '../config/config.ts'
import { writeBuildContext } from '../environments/build-context.ts'
import {
  environmentNames,
  environmentRoots,
  findFolder,
  OWN_ENVIRONMENTS,
  readFolder,
} from '../environments/environment-folder.ts'
import { writeNewFolder } from '../environments/new-folder.ts'
import { checkPreload } from './check-preload.ts'
import { toNumber } from './flags.ts'
import { type ImageState, imageState } from './image-state.ts'
import { inOneLine, say } from './printed.ts'
import { runSetup } from './setup.ts'

const HELP = `
An environment is a folder with an environment.json (docs/environments.md has all fields). Put your own into the folder
ENVIRONMENTS_DIR. A folder named python or data replaces the built-in environment.

  export ENVIRONMENTS_DIR=$PWD/environments ENVIRONMENTS=python,course
  safe-code-executor environment new course --packages python3-networkx --preload networkx --memory-mb 512
  safe-code-executor environment build
  safe-code-executor serve`

/** Where new environments are written if ENVIRONMENTS_DIR is not set. */
const DEFAULT_FOLDER = 'environments'

/** The command `environment`. */
export function environmentCommand(): Command {
  const command = new Command('environment')
    .exitOverride()
    .summary('make, build and list environments')
    .description('Makes environments for programs, builds their images, and lists them.')
    .addHelpText('after', HELP)
  command
    .command('new')
    .exitOverride()
    .summary('write the folder of a new environment')
    .description('Writes a folder with an environment.json to start from.')
    .argument('<name>', 'name that requests use')
    .option(
      '--from <environment>',
      'start from a copy of this environment; packages, requirements and modules are added to its own',
    )
    .option('--description <text>', 'one line for people who choose an environment')
    .option('--packages <names...>', 'packages of Debian')
    .option('--requirements <specifiers...>', 'Python packages, for pip')
    .option('--wheels <files...>', 'wheels of your own, which are copied')
    .option('--preload <modules...>', 'modules that are imported while a container waits')
    .option('--memory-mb <megabytes>', 'memory limit of a run', toNumber)
    .option('--max-timeout <seconds>', 'longest time limit of a run', toNumber)
    .action(newAction)
  command
    .command('build')
    .exitOverride()
    .summary('build images, and import their preload modules in a container')
    .description(
      'Builds the images of these environments where something has changed. Then runs a program in each, and imports the modules of `preload` in a container with all limits. By default: the environments of ENVIRONMENTS.',
    )
    .argument('[names...]', 'environments')
    .action(buildAction)
  command
    .command('list')
    .exitOverride()
    .summary('list all environments and the state of their images')
    .description('Lists all environments, their limits, and whether their images are current.')
    .action(listAction)
  // For scripts/images.sh.
  command.command('context <name> <folder>', { hidden: true }).exitOverride().action(contextAction)
  return command
}

interface NewFlags {
  from?: string
  description?: string
  packages?: string[]
  requirements?: string[]
  wheels?: string[]
  preload?: string[]
  memoryMb?: number
  maxTimeout?: number
}

function newAction(name: string, { from, maxTimeout, ...fields }: NewFlags): void {
  const root = resolve(process.env.ENVIRONMENTS_DIR || DEFAULT_FOLDER)
  const source = from === undefined ? undefined : folderOf(from, environmentRoots(root))
  const path = writeNewFolder(name, root, { ...fields, maxTimeoutSeconds: maxTimeout }, source)
  const dir = process.env.ENVIRONMENTS_DIR ? '' : `ENVIRONMENTS_DIR=${root} `
  process.stdout.write(
    `Wrote ${path}\nNext: ${dir}safe-code-executor environment build python ${name}\n` +
      `Then: ${dir}ENVIRONMENTS=python,${name} safe-code-executor serve\n`,
  )
}

async function buildAction(given: string[]): Promise<void> {
  const names = given.length > 0 ? given : servedNames()
  for (const name of given) folderOf(name, environmentRoots(environmentsDir()))
  const settings = { ...process.env, ENVIRONMENTS: names.join(',') }
  const config = parseConfig(settings)
  for (const { name, problem } of config.environments) {
    if (problem !== undefined) throw new Error(`${name}: ${problem}`)
  }
  await runSetup(settings)
  for (const { name, image } of config.environments) {
    const folder = readFolder(name, folderOf(name, rootsOf(config)))
    say(`${name}: the image ${image} ${folder.file.image ? 'is there' : 'is current'}`)
    for await (const line of checkPreload(config, name, folder.file.preload))
      say(`${name}: ${line}`)
  }
}

async function listAction(): Promise<void> {
  const roots = environmentRoots(environmentsDir())
  const served = servedNames()
  // With all of them, because a configuration whose environments all have a fault is refused.
  const names = [...new Set([...served, ...environmentNames(roots)])]
  const all = parseConfig({ ...process.env, ENVIRONMENTS: names.join() })
  const rows = [['NAME', 'IMAGE', 'STATE', 'MEMORY', 'MAX TIME', 'SERVED', 'FOLDER']]
  const problems: string[] = []
  for (const { name, image, memoryMb, maxTimeoutSeconds, problem } of all.environments) {
    const path = findFolder(name, roots)
    let state: ImageState | 'broken' | 'unknown' = 'broken'
    if (problem !== undefined) problems.push(`${name}: ${problem}`)
    else if (path !== undefined) {
      state = await imageState(readFolder(name, path), all).catch((error: Error) => {
        problems.push(`${name}: ${error.message}`)
        return 'unknown' as const
      })
    }
    const isOwn = path?.startsWith(OWN_ENVIRONMENTS) === true
    rows.push([
      name,
      image,
      state,
      `${memoryMb} MB`,
      `${maxTimeoutSeconds} s`,
      served.includes(name) ? 'yes' : 'no',
      isOwn ? '(part of this package)' : (path ?? ''),
    ])
  }
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  for (const row of rows) {
    const cells = row.map((cell, column) => inOneLine(cell).padEnd(widths?.[column] ?? 0))
    process.stdout.write(`${cells.join('  ').trimEnd()}\n`)
  }
  for (const problem of problems) say(problem)
}

function contextAction(name: string, target: string): void {
  const folder = folderOf(name, environmentRoots(environmentsDir()))
  try {
    const { image, inputs } = writeBuildContext(readFolder(name, folder), target)
    process.stdout.write(`${image} ${inputs ?? 'prebuilt'}\n`)
  } catch (error) {
    throw new Error(`${folder}: ${(error as Error).message}`)
  }
}

const rootsOf = ({ ENVIRONMENTS_DIR }: Config) => environmentRoots(ENVIRONMENTS_DIR)

/** The names in ENVIRONMENTS. */
const servedNames = () =>
  (process.env.ENVIRONMENTS || 'python').split(',').map((name) => name.trim())

/** As in the settings: absolute, or empty. */
const environmentsDir = () =>
  process.env.ENVIRONMENTS_DIR ? resolve(process.env.ENVIRONMENTS_DIR) : ''

/** @throws {Error} if there is no environment with this name. */
function folderOf(name: string, roots: readonly string[]): string {
  const path = findFolder(name, roots)
  if (path !== undefined) return path
  const there = environmentNames(roots).join(', ')
  throw new Error(`There is no environment ${name} in ${roots.join(' or ')}. There are: ${there}`)
}
