// What a bad request is told: unknown fields, hostile names, the wording of every problem.

import { describe, expect, it } from 'vitest'
import { describeIssues } from '../../../src/run/issues.ts'
import { bodyProblem, schema } from '../support/request.ts'

/** What is said of a body in JSON; `''` where it is accepted. */
const problem = (json: string) => bodyProblem(JSON.parse(json))

describe('an unknown field', () => {
  it.each([
    ['{"code":"x","cod":"y"}', 'cod: unknown field'],
    ['{"code":"x","Code":"y"}', 'Code: unknown field'],
    ['{"code":"x","timeout":1}', 'timeout: unknown field'],
    ['{"code":"x","":1}', ': unknown field'],
    ['{"code":"x","a":1,"b":null}', 'a: unknown field; b: unknown field'],
    ['{"code":"x","constructor":1}', 'constructor: unknown field'],
    ['{"code":"x","hasOwnProperty":1}', 'hasOwnProperty: unknown field'],
  ])('is refused by name: %s', (json, message) => {
    expect(problem(json)).toBe(message)
  })

  it('is named together with what else is wrong', () => {
    expect(problem('{"cod":"x"}')).toBe('code: is required; cod: unknown field')
  })

  it('has at most 100 characters of its name repeated', () => {
    expect(problem(JSON.stringify({ code: 'x', ['y'.repeat(5000)]: 1 }))).toBe(
      `${'y'.repeat(100)}: unknown field`,
    )
  })
})

describe('a field called __proto__', () => {
  it('is refused by name', () => {
    expect(problem('{"code":"x","__proto__":{"polluted":"yes"}}')).toBe('__proto__: unknown field')
  })

  it('can not lend the fields that are missing', () => {
    expect(problem('{"__proto__":{"code":"x"}}')).toBe(
      'code: is required; __proto__: unknown field',
    )
  })

  it('pollutes nothing, in the body or in env', () => {
    const attempts = [
      '{"code":"x","__proto__":{"polluted":"yes"}}',
      '{"code":"x","env":{"__proto__":{"polluted":"yes"}}}',
      '{"code":"x","constructor":{"prototype":{"polluted":"yes"}}}',
      '{"code":"x","env":{"constructor":{"prototype":{"polluted":"yes"}}}}',
    ]
    for (const json of attempts) schema.safeParse(JSON.parse(json))
    expect(({} as { polluted?: string }).polluted).toBeUndefined()
  })

  it('never changes the prototype of env', () => {
    const result = schema.safeParse(JSON.parse('{"code":"x","env":{"__proto__":"y","A":"b"}}'))
    const env: unknown = result.data?.env ?? {}
    expect([Object.prototype, null]).toContain(Object.getPrototypeOf(env))
  })

  it('is not silently dropped from env when its value is no string', () => {
    expect(problem('{"code":"x","env":{"__proto__":{"polluted":"yes"}}}')).toContain(
      'env.__proto__: ',
    )
  })

  it('is not silently dropped from env when it is a variable like any other', () => {
    const result = schema.safeParse(JSON.parse('{"code":"x","env":{"__proto__":"y"}}'))
    const names = result.success ? Object.keys(result.data.env) : ['__proto__']
    expect(names).toEqual(['__proto__'])
  })
})

describe('describeIssues', () => {
  it('says each thing once', () => {
    const issue = { code: 'custom' as const, path: ['a'], message: 'is bad', input: 1 }
    expect(describeIssues([issue, issue])).toBe('a: is bad')
  })

  it('calls the whole "body"', () => {
    expect(describeIssues([{ code: 'custom', path: [], message: 'is bad', input: 1 }])).toBe(
      'body: is bad',
    )
  })

  it('writes an index in brackets and a name after a dot', () => {
    const path = ['a', 0, 'b', 12]
    const issue = { code: 'custom' as const, path, message: 'is bad', input: 1 }
    expect(describeIssues([issue])).toBe('a[0].b[12]: is bad')
  })

  it('is one line whatever was sent', () => {
    expect(problem('{"args":[1],"env":{"A":1},"code":2,"x":3}').split('\n')).toHaveLength(1)
  })
})

describe('many faults', () => {
  const unknown = (count: number, name: (index: number) => string) =>
    problem(
      JSON.stringify(
        Object.fromEntries([
          ['code', 'x'],
          ...Array.from({ length: count }, (_, n) => [name(n), 1]),
        ]),
      ),
    )

  it('are named up to 20, and the others counted', () => {
    expect(unknown(20, (n) => `f${n}`).split('; ')).toHaveLength(20)
    expect(unknown(21, (n) => `f${n}`)).toMatch(
      /^f0: unknown field; .*f19: unknown field; and 1 more$/,
    )
    expect(unknown(1000, (n) => `f${n}`)).toMatch(/; and 980 more$/)
  })

  it('are named as far as they are short, as they are sent', () => {
    const said = unknown(20, (n) => '\u0001'.repeat(99) + n)
    expect(Buffer.byteLength(JSON.stringify(said))).toBeLessThan(3100)
    expect(said).toMatch(/; and 16 more$/)
  })

  it('of one kind are counted first: no item of a list that is too long is judged', () => {
    const many = (count: number) => Array.from({ length: count }, () => ({}))
    expect(bodyProblem({ code: 'x', args: many(65) })).toBe('args: must have at most 64 items')
    expect(bodyProblem({ code: 'x', files: many(33) })).toBe('files: must have at most 32 items')
    expect(bodyProblem({ code: 'x', env: { ...many(33) } })).toBe(
      'env: must have at most 32 variables',
    )
  })
})
