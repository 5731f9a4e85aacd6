// What is wrong with a request, in words.

import type { z } from 'zod'

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
