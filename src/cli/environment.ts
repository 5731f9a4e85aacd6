// safe-code-executor environment: makes environments, builds their images, lists them.

import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { type Config, parseConfig } from '../config/config.ts'
import { writeBuildContext } from '../environments/build-context.ts'
import {
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
An environment is a folder with an environment.json (docs/environments.md has all fields). Your own ones are in
ENVIRONMENTS_DIR; one with the name of one of ours replaces it.

  export ENVIRONMENTS_DIR=$PWD/environments
  safe-code-executor environment new course --packages python3-networkx --requirements requests==2.32.4 --memory-mb 512
  safe-code-executor environment build course
  ENVIRONMENTS=python,course safe-code-executor serve`

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
    .option('--from <environment>', 'copy the folder of this environment first')
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
    .summary('build images, and try their modules behind all walls')
    .description(
      'Builds the images of these environments where something has changed, and imports the modules of `preload` in a\n' +
        'container with all limits. By default: those of ENVIRONMENTS.',
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
    `Wrote ${path}\nNext: ${dir}safe-code-executor environment build ${name}\n` +
      `Then: ${dir}ENVIRONMENTS=python,${name} safe-code-executor serve\n`,
  )
}

async function buildAction(given: string[]): Promise<void> {
  const names = given.length > 0 ? given : (process.env.ENVIRONMENTS || 'python').split(',')
  const settings = { ...process.env, ENVIRONMENTS: names.join(',') }
  const config = parseConfig(settings)
  for (const { name, problem } of config.environments) {
    if (problem !== undefined) throw new Error(`${name}: ${problem}`)
  }
  await runSetup(settings)
  for (const { name, image } of config.environments) {
    say(`${name}: the image ${image} is current`)
    const folder = readFolder(name, folderOf(name, rootsOf(config)))
    for await (const line of checkPreload(config, name, folder.file.preload))
      say(`${name}: ${line}`)
  }
}

async function listAction(): Promise<void> {
  const chosen = parseConfig(process.env)
  const roots = rootsOf(chosen)
  const names = [...new Set(roots.flatMap((root) => foldersIn(root)))]
  const served = chosen.environments.map(({ name }) => name)
  const all = parseConfig({
    ...process.env,
    ENVIRONMENTS: [...new Set([...served, ...names])].join(),
  })
  const rows = [['NAME', 'IMAGE', 'STATE', 'MEMORY', 'TIMEOUT', 'SERVED', 'FOLDER']]
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
  const folder = folderOf(name, environmentRoots(process.env.ENVIRONMENTS_DIR ?? ''))
  try {
    const { image, inputs } = writeBuildContext(readFolder(name, folder), target)
    process.stdout.write(`${image} ${inputs ?? 'prebuilt'}\n`)
  } catch (error) {
    throw new Error(`${folder}: ${(error as Error).message}`)
  }
}

const rootsOf = ({ ENVIRONMENTS_DIR }: Config) => environmentRoots(ENVIRONMENTS_DIR)

/** @throws {Error} if there is no environment with this name. */
function folderOf(name: string, roots: readonly string[]): string {
  const path = findFolder(name, roots)
  if (path !== undefined) return path
  const there = [...new Set(roots.flatMap((root) => foldersIn(root)))].join(', ')
  throw new Error(`There is no environment ${name} in ${roots.join(' or ')}. There are: ${there}`)
}

function foldersIn(root: string): string[] {
  try {
    const entries = readdirSync(root, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  } catch {
    return []
  }
}
