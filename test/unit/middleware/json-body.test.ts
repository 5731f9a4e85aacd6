// A JSON body before it is parsed: what is too much of it, up to the edge.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { submissionSchemas } from '../../../src/async-runs/submission.ts'
import {
  MAX_JSON_DEPTH,
  MAX_JSON_VALUES,
  parseJsonBody,
} from '../../../src/middleware/json-body.ts'
import { limitsOf } from '../support/request-limits.ts'

const values = (count: number) => `[${Array.from({ length: count }, () => 1).join()}]`
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

describe('a body', () => {
  it('may have as many values, and not one more', () => {
    expect(parseJsonBody(values(MAX_JSON_VALUES))).toHaveLength(MAX_JSON_VALUES)
    expect(() => parseJsonBody(values(MAX_JSON_VALUES + 1))).toThrow(
      `body: must have at most ${MAX_JSON_VALUES} values`,
    )
  })

  it('may have two strings for each value, and is refused unparsed where it has many more', () => {
    const members = Array.from({ length: MAX_JSON_VALUES }, (_, n) => `"${n}":"x"`)
    expect(Object.keys(parseJsonBody(`{${members.join()}}`) as object)).toHaveLength(
      MAX_JSON_VALUES,
    )
    expect(() => parseJsonBody('"'.repeat(8 * MAX_JSON_VALUES))).toThrow(
      `body: must have at most ${MAX_JSON_VALUES} values`,
    )
  })

  it('may be as deep, and not one deeper', () => {
    expect(parseJsonBody(nested(MAX_JSON_DEPTH))).toBeInstanceOf(Array)
    expect(() => parseJsonBody(nested(MAX_JSON_DEPTH + 1))).toThrow(
      `body: must be at most ${MAX_JSON_DEPTH} arrays and objects deep`,
    )
  })

  it('may have anything in its strings', () => {
    for (const text of ['[{'.repeat(50_000), ',"\\'.repeat(50_000), '\\'.repeat(9), '"', '\\"']) {
      expect(parseJsonBody(JSON.stringify({ [text]: text }))).toEqual({ [text]: text })
    }
  })

  it.each(['', '{', '"', '"\\', '[1,]', 'undefined', '{"a":1}}', '\0'])(
    'must be JSON, unlike %j',
    (text) => {
      expect(() => parseJsonBody(text)).toThrow('body: is not valid JSON')
    },
  )

  it('is what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJsonBody(text)).toEqual(JSON.parse(text))
      }),
      { numRuns: 300 },
    )
  })

  it('may be the largest batch that there can be', () => {
    const many = <T>(count: number, item: (index: number) => T) =>
      Array.from({ length: count }, (_, n) => item(n))
    const run = {
      ...{ code: 'x', stdin: '', timeoutSeconds: 1, environment: 'python', retry: true },
      ...{
        displayLastExpression: true,
        args: many(64, () => ''),
        outputFiles: many(32, () => '*'),
      },
      env: Object.fromEntries(many(32, (n) => [`V${n}`, ''])),
      files: many(32, (n) => ({ path: `f${n}`, content: '', encoding: 'base64' })),
      webhook: { url: 'https://example.com/', secret: 's'.repeat(32) },
    }
    const limits = limitsOf(['python'])
    const body = parseJsonBody(JSON.stringify({ runs: many(100, () => run) }))
    expect(submissionSchemas(limits, true).batch.safeParse(body).success).toBe(true)
  })
})
