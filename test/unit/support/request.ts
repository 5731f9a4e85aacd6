// What the request schema says of a body, in the words that a client gets.

import { describeIssues } from '../../../src/run/issues.ts'
import { runRequestSchema } from '../../../src/run/request.ts'
import { limitsOf } from './request-limits.ts'

/** The schema under small limits. */
export const schema = runRequestSchema(limitsOf(['python', 'data']))

/** What is said of a body; `''` where it is accepted. */
export function bodyProblem(body: unknown): string {
  const result = schema.safeParse(body)
  return result.success ? '' : describeIssues(result.error.issues)
}

/** What is said of these fields beside the code. */
export function problem(fields: Record<string, unknown>): string {
  return bodyProblem({ code: 'x', ...fields })
}
