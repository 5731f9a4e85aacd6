// The variables of a request that are read once, when a process starts, and the limits of the new process that reads them.

import type { z } from 'zod'

/** Prefixes and names of such variables: PREFIXES and NAMES in sandbox/restart.py, which starts the new interpreter. */
export const START_VARIABLE_PREFIXES = ['PYTHON', 'LD_', 'MALLOC_']
export const START_VARIABLES = [
  ...['GCONV_PATH', 'GLIBC_TUNABLES', 'LANG', 'LC_ALL', 'LC_CTYPE', 'LOCPATH'],
]

/** Linux passes no longer string to a new process, in bytes: `NAME=value` and a NUL (MAX_ARG_STRLEN, execve(2)). */
const MAX_STRING_BYTES = 131_072
/** Half of what Linux passes in total with the usual limit on the stack; the image's own variables need room too. */
const MAX_TOTAL_BYTES = 1_048_576

function isReadAtStart(name: string): boolean {
  return (
    START_VARIABLES.includes(name) ||
    START_VARIABLE_PREFIXES.some((prefix) => name.startsWith(prefix))
  )
}

/**
 * Refuses variables that can't be passed to the new interpreter that one of them needs. Without one of those the running
 * interpreter takes them, whatever their size.
 */
export function refuseTooLong(env: Record<string, string>, context: z.core.$RefinementCtx): void {
  const needing = Object.keys(env).find(isReadAtStart)
  if (needing === undefined) return
  let totalBytes = 0
  for (const [name, value] of Object.entries(env)) {
    const bytes = Buffer.byteLength(name) + Buffer.byteLength(value) + 2
    totalBytes += bytes
    if (bytes <= MAX_STRING_BYTES) continue
    context.addIssue({
      code: 'custom',
      path: [name],
      message: `is too long beside ${needing}, which needs a new process: at most ${MAX_STRING_BYTES} bytes`,
    })
  }
  if (totalBytes <= MAX_TOTAL_BYTES) return
  context.addIssue(
    `is too long with ${needing}, which needs a new process: at most ${MAX_TOTAL_BYTES} bytes in total`,
  )
}
