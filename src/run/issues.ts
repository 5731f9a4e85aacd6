// The faults of a request as a message of limited length.

import type { z } from 'zod'
import { Refusal } from './refusal.ts'
import { sentBytes } from './sent-text.ts'

/** Most faults that are named. */
export const MAX_FAULTS = 20
/** How long they may be together, in bytes as they are sent; the rest is counted. */
const MAX_BYTES = 3000

type Issues = readonly z.core.$ZodIssue[]

/**
 * Parses input with a schema.
 * @throws {Refusal} `invalid_request` that names each bad field.
 */
export function judged<T>(schema: z.ZodType<T>, sent: unknown): T {
  const { success, data, error } = schema.safeParse(sent)
  if (success) return data
  throw new Refusal('invalid_request', describeIssues(error.issues))
}

/** Says what is wrong with a request in one line that names each bad field, up to 20 of them. */
export function describeIssues(issues: Issues): string {
  const named = new Set<string>()
  let bytes = 0
  let looked = 0
  for (const fault of faults(issues)) {
    if (!named.has(fault)) {
      bytes += sentBytes(fault)
      if (named.size === MAX_FAULTS || bytes > MAX_BYTES) break
      named.add(fault)
    }
    looked += 1
  }
  const more = countFaults(issues) - looked
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

/** How many faults there are, each time that one is told. */
export function countFaults(issues: Issues): number {
  return issues.reduce(
    (sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1),
    0,
  )
}

/** The faults in words, one after the other: there may be a hundred thousand. */
function* faults(issues: Issues): Generator<string> {
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) yield `${fieldName([...issue.path, key])}: ${issue.message}`
    } else {
      const message = issue.code === 'invalid_key' ? issue.issues[0]?.message : issue.message
      yield `${fieldName(issue.path)}: ${message}`
    }
  }
}

/** `args[2]`, `env.HOME`; `body` for the whole. */
function fieldName(path: readonly PropertyKey[]): string {
  const [first, ...rest] = path.map((part) => String(part).slice(0, 100))
  if (first === undefined) return 'body'
  return first + rest.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join('')
}
