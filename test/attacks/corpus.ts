// The corpus: programs in this folder, one a file, with the expected outcome as JSON in the first line.
//
//     # expect {"status": "timeout", "request": {"timeoutSeconds": 1}}
//
// The whole file is sent, the first line too, so line numbers are those of the file.

import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { type Outcome, outcomeSchema } from '../../src/run.ts'

const status = outcomeSchema.shape.status

const expectationSchema = z.strictObject({
  /** One, or several where the kernel decides. */
  status: z.union([status, z.array(status).min(2)]),
  output: z.string().optional(),
  /** Regular expressions, in JavaScript's words, that must match somewhere. */
  outputMatches: z.string().optional(),
  error: z.string().optional(),
  errorMatches: z.string().optional(),
  stderrMatches: z.string().optional(),
  exitCode: z.number().nullable().optional(),
  signal: z.string().nullable().optional(),
  truncated: z.boolean().optional(),
  /** Most milliseconds of `durationMs`. */
  maxDurationMs: z.number().optional(),
  /** Fields of the request beside the code. */
  request: z
    .strictObject({
      stdin: z.string().optional(),
      args: z.array(z.string()).optional(),
      env: z.record(z.string(), z.string()).optional(),
      timeoutSeconds: z.number().optional(),
    })
    .default({}),
})

export type Expectation = z.output<typeof expectationSchema>

export interface Attack {
  /** Name of the file, without `.py`. */
  name: string
  code: string
  expectation: Expectation
}

/** All programs of this folder. */
export function readCorpus(): Attack[] {
  return readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.py'))
    .sort()
    .map((file) => {
      const code = readFileSync(`${import.meta.dirname}/${file}`, 'utf8')
      const json = code.match(/^# expect (\{.*\})$/m)?.[1]
      if (!json || !code.startsWith('# expect ')) throw new Error(`${file}: no expectation`)
      return {
        name: file.replace(/\.py$/, ''),
        code,
        expectation: expectationSchema.parse(JSON.parse(json)),
      }
    })
}

/** What is not as expected, one line each. */
export function differences(expectation: Expectation, outcome: Outcome): string[] {
  const problems: string[] = []
  const allowed = [expectation.status].flat()
  if (!allowed.includes(outcome.status)) problems.push(`status ${outcome.status}`)
  for (const field of ['output', 'error', 'exitCode', 'signal', 'truncated'] as const) {
    const wanted = expectation[field]
    if (wanted !== undefined && outcome[field] !== wanted) {
      problems.push(`${field} ${JSON.stringify(outcome[field])}`)
    }
  }
  for (const field of ['output', 'error', 'stderr'] as const) {
    const pattern = expectation[`${field}Matches`]
    if (pattern !== undefined && !new RegExp(pattern).test(outcome[field])) {
      problems.push(`${field} ${JSON.stringify(outcome[field].slice(0, 500))}`)
    }
  }
  const { maxDurationMs } = expectation
  if (maxDurationMs !== undefined && outcome.durationMs > maxDurationMs) {
    problems.push(`durationMs ${outcome.durationMs}`)
  }
  return problems
}
