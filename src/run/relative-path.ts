// The rule for paths inside the working directory. Pure; uploads and globs follow the same rule.

/** Longest path, in bytes of UTF-8: a quarter of Linux's PATH_MAX, because the working directory comes before it. */
export const MAX_PATH_BYTES = 1024
/** Longest name between two slashes, in bytes of UTF-8: Linux's NAME_MAX. */
const MAX_NAME_BYTES = 255
/** How many folders deep: a path of one-letter folders would use up the files that /tmp may have. */
const MAX_DEPTH = 16

const utf8 = new TextEncoder()

/** Why a path is not allowed inside the working directory; undefined if it is allowed. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'must not be empty'
  // First of all: names of a path of megabytes take long to look at. No text has fewer bytes than UTF-16 units.
  if (path.length > MAX_PATH_BYTES) return `must be at most ${MAX_PATH_BYTES} bytes`
  if (path.includes('\0')) return 'must not contain a NUL character'
  if (path.includes('\\')) return 'must not contain a backslash; folders are separated by "/"'
  if (path.startsWith('/')) return 'must be relative to the working directory'
  const names = path.split('/')
  if (names.includes('..')) return 'must not contain ".."'
  if (names.includes('') || names.includes('.')) {
    return 'must be plain: no "." and no empty name before, between or after slashes'
  }
  if (names.some((name) => utf8.encode(name).length > MAX_NAME_BYTES)) {
    return `must not have a name of more than ${MAX_NAME_BYTES} bytes`
  }
  if (utf8.encode(path).length > MAX_PATH_BYTES) return `must be at most ${MAX_PATH_BYTES} bytes`
  if (names.length > MAX_DEPTH) return `must be at most ${MAX_DEPTH} names deep`
  return undefined
}

/**
 * The first pair of paths that can't both be files: the same, or one a folder of the other. `taken` are there before.
 * Returns the index of the path that is in the way, and of what.
 */
export function pathConflict(
  paths: readonly string[],
  taken: readonly string[],
): { index: number; other: string } | undefined {
  const files = new Set(taken)
  const folders = new Set<string>()
  for (const [index, path] of paths.entries()) {
    const parents = foldersOf(path)
    const other = [path, ...parents].find((name) => files.has(name))
    if (other !== undefined) return { index, other }
    if (folders.has(path)) return { index, other: `${path}/` }
    files.add(path)
    for (const folder of parents) folders.add(folder)
  }
  return undefined
}

/** `a/b/c` -> `a/b`, `a`. */
function foldersOf(path: string): string[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_, depth) => names.slice(0, depth + 1).join('/'))
}
