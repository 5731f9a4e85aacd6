// The domain: what a run is asked for and how it ended. API, page and log derive from these schemas.

import { z } from 'zod'

/** What the operator lets a request ask for. */
export interface RequestLimits {
  /** Longest program, in bytes of UTF-8. */
  maxCodeBytes: number
  /** Longest time a request may ask for, in seconds of wall clock. */
  maxTimeoutSeconds: number
  /** The time that a request gets which asks for none, in seconds; where more than is allowed, what is allowed. */
  defaultTimeoutSeconds: number
}

const MAX_ARGS = 64
const MAX_ENV_VARIABLES = 32

const utf8 = new TextEncoder()

const expected = (what: string) => (issue: { input?: unknown }) =>
  issue.input === undefined ? 'is required' : `must be ${what}`

/** Text that has a UTF-8 form: half of a surrogate pair has none. */
const text = z
  .string({ error: expected('a string') })
  .refine((value) => value.isWellFormed(), 'must not contain a lone surrogate')

/** Text that the kernel can hand to a program. */
const cString = text.refine((value) => !value.includes('\0'), 'must not contain a NUL character')

const envName = cString.refine(
  (name) => name !== '' && !name.includes('='),
  'the name of a variable must not be empty or contain "="',
)

/** zod drops a key called `__proto__` without a word. */
function refuseProto(value: unknown, context: z.core.$RefinementCtx): unknown {
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__')) {
    context.addIssue({ code: 'custom', path: ['__proto__'], message: 'is not a usable name' })
  }
  return value
}

/** A field of the contract that this version does not offer: refused by name, never ignored. */
const notYet = z.undefined({ error: 'is not supported yet' }).optional()

/** The schema of the body of `POST /run`, under an operator's limits. */
export function runRequestSchema(limits: RequestLimits) {
  const timeoutRule = `must be above 0 and at most ${limits.maxTimeoutSeconds}`
  return z.strictObject(
    {
      code: text
        .refine((code) => code.trim() !== '', 'must not be blank')
        .refine(
          (code) => utf8.encode(code).length <= limits.maxCodeBytes,
          `must be at most ${limits.maxCodeBytes} bytes of UTF-8`,
        ),
      stdin: text.default(''),
      args: z
        .array(cString, { error: expected('an array of strings') })
        .max(MAX_ARGS, `must have at most ${MAX_ARGS} items`)
        .default([]),
      env: z
        .preprocess(
          refuseProto,
          z.record(envName, cString, { error: expected('an object of strings') }),
        )
        .refine(
          (env) => Object.keys(env).length <= MAX_ENV_VARIABLES,
          `must have at most ${MAX_ENV_VARIABLES} variables`,
        )
        .default({}),
      timeoutSeconds: z
        .number({ error: expected('a number') })
        .gt(0, timeoutRule)
        .max(limits.maxTimeoutSeconds, timeoutRule)
        .default(Math.min(limits.defaultTimeoutSeconds, limits.maxTimeoutSeconds)),
      files: notYet,
      outputFiles: notYet,
      environment: notYet,
    },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys' ? 'unknown field' : 'must be a JSON object',
    },
  )
}

/** What a run is asked to do. */
export type RunRequest = Pick<
  z.output<ReturnType<typeof runRequestSchema>>,
  'code' | 'stdin' | 'args' | 'env' | 'timeoutSeconds'
>

/** Says what is wrong with a request in one line that names each bad field. */
export function describeIssues(issues: readonly z.core.$ZodIssue[]): string {
  const lines = issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => `${fieldName([...issue.path, key])}: ${issue.message}`)
    }
    const message = issue.code === 'invalid_key' ? issue.issues[0]?.message : issue.message
    return [`${fieldName(issue.path)}: ${message}`]
  })
  return [...new Set(lines)].join('; ')
}

/** `args[2]`, `env.HOME`; `body` for the whole. */
function fieldName(path: readonly PropertyKey[]): string {
  const [first, ...rest] = path.map((part) => String(part).slice(0, 100))
  if (first === undefined) return 'body'
  return first + rest.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join('')
}

/** How a run ended: the body of a 200 answer. */
export const outcomeSchema = z.strictObject({
  /** Standard output as UTF-8, without its one final newline. */
  output: z.string(),
  /** Empty when the program succeeded, else one sentence. */
  error: z.string(),
  status: z.enum(['ok', 'error', 'timeout', 'oom', 'output_limit', 'killed']),
  /** Null where a signal ended the program. */
  exitCode: z.number().int().nullable(),
  /** Name of the signal that ended the program, such as `SIGSEGV`. */
  signal: z.string().nullable(),
  /** All of standard error. */
  stderr: z.string(),
  /** Whether output was cut at the limit. */
  truncated: z.boolean(),
  /** Wall clock from the program's start to its end, in milliseconds. */
  durationMs: z.number().int(),
  /** CPU time of the program and all its processes, in milliseconds; 0 where nothing could be measured. */
  cpuMs: z.number().int(),
  /** Largest resident memory of one of its processes; 0 where nothing could be measured. */
  peakMemoryBytes: z.number().int(),
  files: z.array(z.never()),
  displays: z.array(z.never()),
  /** Names this run; no two runs share one. */
  id: z.string(),
})

/** How a run ended. */
export type Outcome = z.output<typeof outcomeSchema>
