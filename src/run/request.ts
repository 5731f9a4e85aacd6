// The request of a run. API, page and log derive from this schema.

import { z } from 'zod'
import type { ApiKey } from '../keys/api-key.ts'
import { args, env, expected, inputFiles, outputFiles, text, unknownField } from './fields.ts'

/** The time limits of the runs in one environment, in seconds of wall clock. */
export interface EnvironmentTimes {
  name: string
  /** Longest time that a request may ask for. */
  maxTimeoutSeconds: number
  /** The time limit of a request that asks for none; capped at the maximum. */
  defaultTimeoutSeconds: number
}

/** Limits that the operator sets for requests. */
export interface RequestLimits {
  /** The environments that a request may name; the first is what it gets that names none. */
  environments: readonly [EnvironmentTimes, ...EnvironmentTimes[]]
  /** Longest program, in bytes of UTF-8. */
  maxCodeBytes: number
}

/** Longest program, in bytes; anything longer is data and belongs in a file. */
const MAX_CODE_BYTES = 256 * 1024

/** The limits of requests to these environments, the default one first. */
export function requestLimits(environments: RequestLimits['environments']): RequestLimits {
  return { environments, maxCodeBytes: MAX_CODE_BYTES }
}

/** The longest time limit of all environments, in seconds. */
export function longestTimeoutSeconds({ environments }: RequestLimits): number {
  return Math.max(...environments.map(({ maxTimeoutSeconds }) => maxTimeoutSeconds))
}

/** The limits of one key, which may have a shorter time limit. */
export function keyLimits(limits: RequestLimits, key: ApiKey | undefined): RequestLimits {
  const own = key?.maxTimeoutSeconds
  if (own === undefined || own >= longestTimeoutSeconds(limits)) return limits
  const capped = ({ maxTimeoutSeconds, ...times }: EnvironmentTimes) => ({
    ...times,
    maxTimeoutSeconds: Math.min(maxTimeoutSeconds, own),
  })
  const [first, ...others] = limits.environments
  return { ...limits, environments: [capped(first), ...others.map(capped)] }
}

/** The result of `make` for the limits of a key, made once for all keys with the same limits, while they are the same. */
export function byKeyLimits<T>(
  limitsNow: () => RequestLimits,
  make: (limits: RequestLimits) => T,
): (key: ApiKey | undefined) => T {
  let limits: RequestLimits | undefined
  const made = new Map<number, T>()
  return (key) => {
    if (limits !== limitsNow()) made.clear()
    limits = limitsNow()
    const own = keyLimits(limits, key)
    const cap = longestTimeoutSeconds(own)
    const known = made.get(cap) ?? make(own)
    made.set(cap, known)
    return known
  }
}

const utf8 = new TextEncoder()

/** Stands for a time limit that the request leaves out, until its environment is known; a request can't send it. */
const ABSENT_SECONDS = 0

/** The schema of the body of `POST /run`, under an operator's limits. */
export function runRequestSchema(limits: RequestLimits) {
  const longest = longestTimeoutSeconds(limits)
  const timeoutRule = `must be above 0 and at most ${longest}`
  const [first, ...others] = limits.environments
  const names = [first.name, ...others.map(({ name }) => name)] as const
  const fields = z.strictObject(
    {
      code: text
        .refine((code) => code.trim() !== '', 'must not be blank')
        .refine(
          (code) => utf8.encode(code).length <= limits.maxCodeBytes,
          `must be at most ${limits.maxCodeBytes} bytes of UTF-8`,
        )
        .meta({
          description: `The program; at most ${limits.maxCodeBytes} bytes of UTF-8, and not blank`,
          minLength: 1,
          maxLength: limits.maxCodeBytes,
          examples: ['print(2 + 2)'],
        }),
      stdin: text.default('').describe('Standard input of the program'),
      args: args
        .default([])
        .meta({ description: '`sys.argv[1:]`', examples: [['--year', '2026']] }),
      env: env.default({}).meta({
        description:
          'Environment variables. One that is read only when a process starts, such as `PYTHONHASHSEED`, gives the program a new ' +
          'interpreter',
        examples: [{ TZ: 'Asia/Shanghai' }],
      }),
      files: inputFiles.default([]).meta({
        description: 'Files in the working directory; the program itself is `main.py`',
        examples: [[{ path: 'data/numbers.csv', content: 'a,b\n1,2\n' }]],
      }),
      outputFiles: outputFiles.default([]).meta({
        description:
          'Globs: matching regular files in the working directory are returned, however the program ended. ' +
          '`**` matches any number of folders',
        examples: [['*.png', 'out/**']],
      }),
      timeoutSeconds: z
        .number({ error: expected('a number') })
        .gt(0, timeoutRule)
        .max(longest, timeoutRule)
        .default(ABSENT_SECONDS)
        .meta({
          description: timeoutDescription(limits),
          default: defaultSeconds(first),
        }),
      environment: z
        .enum(names, `must be one of ${names.join(', ')}`)
        .default(first.name)
        .describe('Environment that the program runs in; `GET /environments` lists them'),
      retry: z
        .boolean({ error: expected('true or false') })
        .default(false)
        .describe(
          'With a queue: run the program again elsewhere if its worker dies. Otherwise the run ends as `unavailable`: ' +
            'no program is run twice unless the request asks for it',
        ),
      displayLastExpression: z
        .boolean({ error: expected('true or false') })
        .default(false)
        .describe('Return the rich form of the program’s last expression in `displays`'),
    },
    { error: unknownField('a JSON object') },
  )
  // A check, because it keeps the schema an object that can be extended and described.
  return fields.check(({ value, issues }) => {
    const own = limits.environments.find(({ name }) => name === value.environment) ?? first
    if (value.timeoutSeconds === ABSENT_SECONDS) value.timeoutSeconds = defaultSeconds(own)
    // What no environment allows has been said already.
    if (value.timeoutSeconds <= own.maxTimeoutSeconds || value.timeoutSeconds > longest) return
    issues.push({
      code: 'custom',
      path: ['timeoutSeconds'],
      input: value.timeoutSeconds,
      message: `must be at most ${own.maxTimeoutSeconds} in the environment ${own.name}`,
    })
  })
}

function defaultSeconds({ defaultTimeoutSeconds, maxTimeoutSeconds }: EnvironmentTimes): number {
  return Math.min(defaultTimeoutSeconds, maxTimeoutSeconds)
}

function timeoutDescription(limits: RequestLimits): string {
  const text = 'Time limit of the program, in seconds of wall-clock time'
  const bounds = limits.environments.map(
    (times) => `${times.name} ${defaultSeconds(times)}, at most ${times.maxTimeoutSeconds}`,
  )
  const areSame = new Set(bounds.map((bound) => bound.slice(bound.indexOf(' ')))).size === 1
  return areSame ? text : `${text}. Defaults and maxima by environment: ${bounds.join('; ')}`
}

/** The request of a run, with all defaults. */
export type RunRequest = z.output<ReturnType<typeof runRequestSchema>>

/** The request as a client sends it: fields with a default may be absent. */
export type RunRequestInput = z.input<ReturnType<typeof runRequestSchema>>

/** A request of our own: code, and what else is given. */
export function ownRequest(
  fields: Pick<RunRequest, 'code' | 'environment' | 'timeoutSeconds'> & Partial<RunRequest>,
): RunRequest {
  return {
    stdin: '',
    args: [],
    env: {},
    files: [],
    outputFiles: [],
    retry: false,
    displayLastExpression: false,
    ...fields,
  }
}
