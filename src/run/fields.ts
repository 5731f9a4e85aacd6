// The fields of a request: the rule of each, and the message if it is broken.

import { z } from 'zod'
import { pathConflict, pathProblem } from './relative-path.ts'
import { refuseTooLong } from './start-variables.ts'

const MAX_ARGS = 64
const MAX_ENV_VARIABLES = 32
const MAX_FILES = 32
/** Most globs that a request may have. */
export const MAX_PATTERNS = 32
/** The file that the code itself is in. */
const CODE_PATH = 'main.py'

export const expected = (what: string) => (issue: { input?: unknown }) =>
  issue.input === undefined ? 'is required' : `must be ${what}`

/** Text that has a UTF-8 form: half of a surrogate pair has none. */
export const text = z
  .string({ error: expected('a string') })
  .refine((value) => value.isWellFormed(), 'must not contain a lone surrogate')

/** Text that the kernel can hand to a program. */
const cString = text.refine((value) => !value.includes('\0'), 'must not contain a NUL character')

const envName = cString.refine(
  (name) => name !== '' && !name.includes('='),
  'the name of a variable must not be empty or contain "="',
)

/** Checks before the variables themselves: their number, and a key that zod drops silently. */
function refuseNames(value: unknown, context: z.core.$RefinementCtx): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  if (Object.keys(value).length > MAX_ENV_VARIABLES) {
    context.addIssue(`must have at most ${MAX_ENV_VARIABLES} variables`)
  } else if (Object.hasOwn(value, '__proto__')) {
    context.addIssue({ code: 'custom', path: ['__proto__'], message: 'is not a usable name' })
  }
  return value
}

/** A path inside the working directory, or a glob of such paths. The message repeats it, because there may be many. */
const relativePath = text.superRefine((path, context) => {
  const problem = pathProblem(path)
  if (problem) context.addIssue(`${quoted(path)} ${problem}`)
})

const inputFile = z
  .strictObject(
    {
      path: relativePath.describe(
        'Relative to the working directory, with `/` between folders; without `..`, NUL or backslash',
      ),
      content: text,
      encoding: z
        .enum(['utf8', 'base64'], 'must be "utf8" or "base64"')
        .default('utf8')
        .describe('Encoding of `content`'),
    },
    { error: unknownField('an object with "path" and "content"') },
  )
  .superRefine(({ content, encoding }, context) => {
    if (encoding === 'base64' && !z.base64().safeParse(content).success) {
      context.addIssue({
        code: 'custom',
        path: ['content'],
        message: 'must be base64 (RFC 4648, section 4; padded, without line breaks)',
      })
    }
  })

/** Files to put in the working directory before the program starts. */
export const inputFiles = z
  .array(inputFile, { error: expected('an array of objects with "path" and "content"') })
  .max(MAX_FILES, `must have at most ${MAX_FILES} items`)
  .superRefine((files, context) => {
    const paths = files.map(({ path }) => path)
    const conflict = pathConflict(paths, [CODE_PATH])
    if (!conflict) return
    const { index, other } = conflict
    const what = other === CODE_PATH ? 'the code itself' : quoted(other)
    context.addIssue({
      code: 'custom',
      path: [index, 'path'],
      message: `${quoted(paths[index] ?? '')} is in the way of ${what}`,
    })
  })

/** Globs of the files that come back. */
export const outputFiles = z
  .array(relativePath, { error: expected('an array of strings') })
  .max(MAX_PATTERNS, `must have at most ${MAX_PATTERNS} items`)

/** The program's own arguments. */
export const args = z
  .array(cString, { error: expected('an array of strings') })
  .max(MAX_ARGS, `must have at most ${MAX_ARGS} items`)

/** Variables of the program's environment. */
export const env = z
  .preprocess(
    refuseNames,
    z
      .record(envName, cString, { error: expected('an object of strings') })
      .superRefine(refuseTooLong),
  )
  // The form of a preprocessed value can't be derived from the rule itself.
  .meta({
    type: 'object',
    additionalProperties: { type: 'string' },
    default: {},
    maxProperties: MAX_ENV_VARIABLES,
  })

/** A message for a strict object: of a field that is not known, or of something that is no object. */
export function unknownField(what: string) {
  return (issue: { code?: string; input?: unknown }) =>
    issue.code === 'unrecognized_keys' ? 'unknown field' : expected(what)(issue)
}

/** A text of the client's within a sentence. */
function quoted(value: string): string {
  return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value)
}
