// environment.json: the file that describes an environment. Pure; sandbox/environment.schema.json is generated from this schema.

import { z } from 'zod'
import { parseReadOnlyMounts } from './mounts.ts'

/** Rule of an environment's name. It is part of the names of images and of keys in Redis. */
export const ENVIRONMENT_NAME = /^[a-z0-9]([a-z0-9._-]{0,30}[a-z0-9])?$/

const MAX_ITEMS = 200
const MAX_MEMORY_MB = 1024 * 1024
const DAY_SECONDS = 86_400
/** Longest description: one line of a menu. */
const MAX_DESCRIPTION_CHARS = 200

/** Names of packages as Debian's policy has them, with an architecture or a version. */
const packageName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9.+-]+(:[a-z0-9]+)?(=[\w.+~:-]+)?$/,
    'must be the name of a Debian package',
  )

/** A requirement specifier. Options and other files belong in requirements.txt. */
const requirement = z
  .string()
  .regex(
    /^[A-Za-z0-9][^\p{Cc}]*$/u,
    'must be a requirement such as requests==2.32.4; options belong in requirements.txt',
  )

const moduleName = z
  .string()
  .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, 'must be the name of a Python module')

/** Variables that act on the runner itself, or that the limits of the container set. */
const RESERVED_VARIABLE =
  /^(PYTHON.*|LD_.*|GLIBC_.*|MALLOC_.*|OMP_NUM_THREADS|OPENBLAS_NUM_THREADS|MKL_NUM_THREADS|HOME|PATH)$/

const variableName = z
  .string()
  .regex(/^[A-Za-z_]\w*$/, 'must be a name of letters, digits and _')
  .refine(
    (name) => !RESERVED_VARIABLE.test(name),
    'is not allowed here, because it acts on the runner or on a limit; a request can set it in its own env',
  )

const variableValue = z.string().regex(/^\P{Cc}*$/u, 'must not contain control characters')

const mounts = z
  .array(z.string())
  .max(MAX_ITEMS)
  .superRefine((pairs, context) => {
    try {
      parseReadOnlyMounts(pairs.join(','))
    } catch (error) {
      context.addIssue((error as Error).message)
    }
  })

function number(min: number, max: number) {
  return z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`)
}

const whole = (min: number, max: number) =>
  number(min, max).refine(Number.isInteger, 'must be a whole number').meta({ type: 'integer' })

/** The schema of environment.json. Limits that are absent are those of the settings. */
export const environmentFileSchema = z
  .strictObject(
    {
      $schema: z.string().optional().describe('Where this schema is, for editors'),
      description: z
        .string()
        .max(MAX_DESCRIPTION_CHARS)
        .default('')
        .describe('One line for people who choose an environment'),
      packages: z
        .array(packageName)
        .max(MAX_ITEMS)
        .default([])
        .describe('Debian packages to install'),
      requirements: z
        .array(requirement)
        .max(MAX_ITEMS)
        .default([])
        .describe('Python packages to install with pip; or use a file requirements.txt'),
      preload: z
        .array(moduleName)
        .max(MAX_ITEMS)
        .default([])
        .describe('Modules that a container imports while it waits for a program'),
      memoryMb: whole(32, MAX_MEMORY_MB)
        .optional()
        .describe('Memory limit of a run; by default MEMORY_MB'),
      cpus: number(0.01, 1024).optional().describe('CPUs of a run; by default CPUS'),
      processes: whole(8, 32_768)
        .optional()
        .describe('Processes and threads of a run; by default MAX_PROCESSES'),
      tmpMb: whole(1, MAX_MEMORY_MB).optional().describe('Size of /tmp; by default TMP_MB'),
      defaultTimeoutSeconds: number(0.001, DAY_SECONDS)
        .optional()
        .describe(
          'Time limit of a run whose request names none; by default DEFAULT_TIMEOUT_SECONDS',
        ),
      maxTimeoutSeconds: number(0.001, DAY_SECONDS)
        .optional()
        .describe('Longest time limit of a run; by default MAX_TIMEOUT_SECONDS'),
      poolSize: whole(0, 10_000)
        .optional()
        .describe(
          'Containers that are started ahead of time; by default POOL_SIZE for the default environment, and half of it for others',
        ),
      env: z
        .record(variableName, variableValue)
        .default({})
        .describe('Environment variables of every program'),
      readOnlyMounts: mounts
        .default([])
        .describe('Host data that programs may read, as SOURCE:TARGET, beside READ_ONLY_MOUNTS'),
      runtime: z
        .string()
        .regex(/^[\w.-]*$/, 'must be the name of a runtime of the engine')
        .optional()
        .describe('OCI runtime of the containers, such as runsc; by default SANDBOX_RUNTIME'),
      image: z
        .string()
        .regex(/^[\w][\w./:@-]*$/, 'must be the name of an image')
        .optional()
        .describe('A prebuilt image to use as it is; nothing is built'),
      onPage: z.boolean().default(true).describe('Whether the page at /ui offers it'),
    },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys' ? 'unknown field' : 'must be a JSON object',
    },
  )
  .meta({ id: 'environment.json', title: 'An environment for programs' })

/** The content of an environment.json, with defaults. */
export type EnvironmentFile = z.output<typeof environmentFileSchema>

/**
 * Parses the text of an environment.json.
 * @throws {Error} that names every bad field.
 */
export function parseEnvironmentFile(text: string): EnvironmentFile {
  const result = environmentFileSchema.safeParse(parseJson(text))
  if (result.success) return result.data
  const problems = result.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${key}: unknown field`)
    const message = issue.code === 'invalid_key' ? issue.issues[0]?.message : issue.message
    return [`${issue.path.join('.') || 'the file'}: ${message}`]
  })
  throw new Error(problems.join('; '))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new Error(`is not valid JSON: ${(error as Error).message}`)
  }
}

/** The schema in JSON, for editors: sandbox/environment.schema.json. */
export function environmentSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(environmentFileSchema, { io: 'input' }), null, 2)}\n`
}
