// Hints: a sentence for programs that fail because a module is missing, nothing can be installed, or there is no network. Pure.

import type { Outcome } from './outcome.ts'
import type { RunRequest } from './request.ts'

/** What can be imported in an environment. */
export interface EnvironmentModules {
  /** The name that a request uses. */
  name: string
  /** Top-level names for `import`. */
  modules: ReadonlySet<string>
  /** Names of packages, as `normalizedPackage` writes them. */
  packages: ReadonlySet<string>
}

/** Why a hint is given. */
export type Problem =
  /** A module could not be imported. */
  | { kind: 'module'; name: string }
  /** The program tried to install a package; null if its name is unknown. */
  | { kind: 'install'; name: string | null }
  | { kind: 'network' }

const NOTHING_INSTALLS =
  'Nothing can be installed at run time. Send pure Python modules in `files`; `GET /environments` lists the packages of ' +
  'each environment'
const NO_NETWORK = 'Programs here have no network'

/** How much of the end of stderr is searched, in characters. */
const SEARCHED_CHARS = 4096
/** How much of an error, and of the end of stderr, is searched for a command: that takes longer than in proportion. */
const SEARCHED_ERROR_CHARS = 1024
/** The longest name in a hint, in characters, and the most environments in it. */
const MAX_NAME_CHARS = 64
const MAX_ENVIRONMENTS = 3

/** Python's message, and that of pandas. */
const MISSING_MODULE =
  /^(?:ModuleNotFoundError|ImportError): (?:No module named|Missing optional dependency) '([^']+)'/
const IDENTIFIER = /^[\p{ID_Start}_]\p{ID_Continue}*$/u
const PACKAGE = /^[a-z0-9][a-z0-9._-]*$/i

/** Messages of Python and of a shell without pip. */
const NO_PIP =
  /No module named '?pip\b|\bpip3?: (?:command )?not found|No such file or directory: '(?:[^'\n]*\/)?pip3?'/
/** A line of the program that only notebooks know, as a SyntaxError shows it: `!pip install x`, `%pip install x`. */
const INSTALL_LINE = /^[ \t]*(?:[!%][ \t]*)?(?:python[\d.]* -m )?pip3? install\b(.*)$/m
/** What `subprocess` says of a command that failed: `Command '['python3', '-m', 'pip', 'install', 'x']' returned`. */
const INSTALL_COMMAND =
  /Command '[^\n]{0,200}?\bpip3?\b[', ]{1,8}install\b([^\n]{0,300}?)'? (?:returned|timed|died)/

const NETWORK = new RegExp(
  [
    ...['Temporary failure in name resolution', 'Name or service not known'],
    ...['No address associated with hostname', 'Network is unreachable', 'Could not resolve host'],
    ...['NameResolutionError', '\\[Errno (?:-[235]|101)\\]'],
  ].join('|'),
)

/** The problem that a hint can help with; null if there is none. */
export function problemOf(
  { status, error, stderr }: Pick<Outcome, 'status' | 'error' | 'stderr'>,
  files: readonly Pick<RunRequest['files'][number], 'path'>[],
): Problem | null {
  const end = stderr.slice(-SEARCHED_CHARS)
  if (status === 'ok') return NO_PIP.test(end) ? { kind: 'install', name: null } : null
  if (status === 'error') {
    const missing = error.match(MISSING_MODULE)?.[1]
    if (missing !== undefined && missing !== 'pip') return moduleProblem(missing, files)
    const isSyntaxError = error.startsWith('SyntaxError: ')
    const installed =
      (isSyntaxError ? end.match(INSTALL_LINE) : null) ??
      `${error.slice(0, SEARCHED_ERROR_CHARS)}\n${end.slice(-SEARCHED_ERROR_CHARS)}`.match(
        INSTALL_COMMAND,
      )
    if (installed) return { kind: 'install', name: firstPackage(installed[1] ?? '') }
    if (NO_PIP.test(error) || NO_PIP.test(end)) return { kind: 'install', name: null }
  }
  const isNetwork = NETWORK.test(error) || NETWORK.test(end)
  return (status === 'error' || status === 'timeout') && isNetwork ? { kind: 'network' } : null
}

/** Null for a submodule, whose package is there, and for a name of the program's own files. */
function moduleProblem(name: string, files: readonly { path: string }[]): Problem | null {
  const isOwn = files.some(({ path }) =>
    path.split('/').some((part) => part === name || part.startsWith(`${name}.`)),
  )
  if (isOwn || name.length > MAX_NAME_CHARS || !IDENTIFIER.test(name)) return null
  return { kind: 'module', name }
}

/** The first package among the arguments of `pip install`, without its version. */
function firstPackage(args: string): string | null {
  for (const arg of args.slice(0, SEARCHED_CHARS).split(/[\s,'"[\]]+/)) {
    const name = arg.split(/[<>=!~;@[]/)[0] ?? ''
    if (name.length <= MAX_NAME_CHARS && PACKAGE.test(name)) return name
  }
  return null
}

/** The name of a package with one spelling (PyPA, "Names and normalization"). */
export function normalizedPackage(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-')
}

/**
 * The sentence about a problem; empty if there is nothing to say. `environment` is the program's own, `environments` are
 * those whose modules are known. A name is in it only if an environment has the module or package of this name.
 */
export function hintFor(
  problem: Problem,
  environment: string,
  environments: readonly EnvironmentModules[],
): string {
  if (problem.kind === 'network') return NO_NETWORK
  const { kind, name } = problem
  const having = environments.filter(
    ({ modules, packages }) =>
      name !== null &&
      // The name of a package need not be one for `import`.
      (modules.has(name) || (kind === 'install' && packages.has(normalizedPackage(name)))),
  )
  const others = having.filter((other) => other.name !== environment)
  const isHere = having.length > others.length
  // Here, and yet not found: the program has changed what it imports from.
  if (isHere && kind === 'module') return ''
  if (isHere) return `${name} is in this environment already: import it without installing it`
  if (others.length > 0) return `${name} is in ${listed(others.map((other) => other.name))}`
  return NOTHING_INSTALLS
}

function listed(names: readonly string[]): string {
  const quoted = names.slice(0, MAX_ENVIRONMENTS).map((name) => `\`${name}\``)
  if (quoted.length === 1) return `the environment ${quoted[0]}`
  return `the environments ${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`
}
