// How a run ended. API, page, client and log derive from this schema.

import { z } from 'zod'
import { DISPLAY_EXTENSIONS } from './display-types.ts'

/** Why a file that was asked for did not come back. */
export const OMISSIONS = [
  'too_large',
  'too_many',
  'total_too_large',
  'not_regular',
  'not_readable',
  'bad_name',
  'too_deep',
  'not_collected',
] as const

/** How many of the files that did not come back are named. */
export const MAX_OMITTED = 100

const count = z.int().min(0)

const outputFileSchema = z
  .strictObject({
    path: z.string().describe('Relative to the working directory'),
    size: count.describe('In bytes, before the encoding'),
    encoding: z
      .enum(['utf8', 'base64'])
      .describe(
        '`utf8` if the content is valid UTF-8 and takes at most twice its size in JSON, else `base64`',
      ),
    content: z.string(),
  })
  .meta({ id: 'OutputFile', description: 'A returned file' })
/** A file that came back. */
export type OutputFile = z.output<typeof outputFileSchema>

const omittedFileSchema = z
  .strictObject({
    path: z.string().describe('The file, or a glob whose files were not all collected'),
    reason: z
      .enum(OMISSIONS)
      .describe(
        '`too_large`: larger than one file may be. `too_many`: more files than may be returned. `total_too_large`: with ' +
          'the files before it, more bytes than may be returned. `not_regular`: a link, a pipe or a socket. `not_readable`: ' +
          'the program removed its own read permission. `bad_name`: its name is not UTF-8. `too_deep`: in too many ' +
          'folders. `not_collected`: the container ended, or the search took too long, before all files that this glob ' +
          'matches were collected',
      ),
  })
  .meta({ id: 'OmittedFile', description: 'A requested file that was not returned' })

const DISPLAY_TYPES = Object.keys(DISPLAY_EXTENSIONS) as (keyof typeof DISPLAY_EXTENSIONS)[]

/** The type that a display's extension stands for; undefined if it stands for none. */
export function displayType(extension: string): Display['mime'] | undefined {
  return DISPLAY_TYPES.find((mime) => DISPLAY_EXTENSIONS[mime] === extension)
}

const BINARY_TYPES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif'])

/** How `data` of a display is to be read. */
export function displayEncoding(mime: Display['mime']): 'base64' | 'utf8' {
  return BINARY_TYPES.has(mime) ? 'base64' : 'utf8'
}

const displaySchema = z
  .strictObject({
    mime: z.enum(DISPLAY_TYPES),
    data: z
      .string()
      .describe('Base64 of an `image/png`, `image/jpeg` or `image/gif`, else the text'),
  })
  .meta({
    id: 'Display',
    description: 'A figure, or the rich form of a value',
  })
/** A figure, or the rich form of a value. */
export type Display = z.output<typeof displaySchema>

/** The outcome of `print(2 + 2)`, for the API document. */
export const OUTCOME_EXAMPLE = {
  output: '4',
  error: '',
  status: 'ok',
  exitCode: 0,
  signal: null,
  stderr: '',
  hint: '',
  truncated: false,
  durationMs: 5,
  cpuMs: 4,
  peakMemoryBytes: 9142272,
  files: [],
  filesOmitted: [],
  filesOmittedCount: 0,
  displays: [],
  displaysOmittedCount: 0,
  id: '7b0c51c3-6a3c-4c57-a39d-54e7a0f1c2f4',
}

/** How a run ended: the body of a 200 answer. */
export const outcomeSchema = z
  .strictObject({
    output: z.string().describe('Standard output as UTF-8, without its one final newline'),
    error: z.string().describe('Empty if the program succeeded, else one sentence'),
    status: z
      .enum(['ok', 'error', 'timeout', 'oom', 'output_limit', 'killed'])
      .describe(
        '`ok`: exit code 0. `error`: another exit code, or an uncaught exception. `timeout`: the time limit was exceeded. `oom`: ' +
          'out of memory. `output_limit`: the output limit was exceeded. `killed`: a signal ended the program',
      ),
    exitCode: z.int().nullable().describe('Null if a signal ended the program'),
    signal: z
      .string()
      .nullable()
      .describe('Name of the signal that ended the program, such as `SIGSEGV`'),
    stderr: z.string().describe('All of standard error'),
    hint: z
      .string()
      .describe(
        'Advice if a module is missing, a package can’t be installed, or the network can’t be reached; otherwise empty',
      ),
    truncated: z.boolean().describe('Whether output was cut at the limit'),
    durationMs: count.describe('Wall-clock time from start to end, in milliseconds'),
    cpuMs: count.describe(
      'CPU time of all its processes, including those that were not waited for, in milliseconds; 0 if it could not be ' +
        'measured',
    ),
    peakMemoryBytes: count.describe(
      'The larger of two values: the largest resident memory of one process, and the most that all processes and the ' +
        'files in /tmp took together, above the level of the idle container. 0 if it could not be measured',
    ),
    files: z
      .array(outputFileSchema)
      .describe('The files that `outputFiles` matches, sorted by path'),
    filesOmitted: z
      .array(omittedFileSchema)
      .max(MAX_OMITTED)
      .describe('The files that were not returned, and why, as far as there is room'),
    filesOmittedCount: count.describe(
      'Number of files that were not returned, including those that `filesOmitted` does not name',
    ),
    displays: z
      .array(displaySchema)
      .describe('Figures that were shown or left open, and the last expression if requested'),
    displaysOmittedCount: count.describe(
      'Number of displays that were not returned: too many, too large to be sent, of an unknown type, or too slow to read',
    ),
    id: z.string().describe('Identifies the run; no two runs share an id'),
  })
  .meta({
    id: 'Outcome',
    description: 'How a run ended',
    examples: [OUTCOME_EXAMPLE],
  })

/** How a run ended. */
export type Outcome = z.output<typeof outcomeSchema>
