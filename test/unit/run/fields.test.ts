// The request schema: arguments, variables, time, environment, display.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeIssues } from '../../../src/run/issues.ts'
import { runRequestSchema } from '../../../src/run/request.ts'
import { problem, schema } from '../support/request.ts'
import { limitsOf } from '../support/request-limits.ts'

describe('args', () => {
  it('may be 64 and not 65', () => {
    expect(problem({ args: Array.from({ length: 64 }, () => 'a') })).toBe('')
    expect(problem({ args: Array.from({ length: 65 }, () => 'a') })).toBe(
      'args: must have at most 64 items',
    )
  })

  it('may be empty, and so may one of them', () => {
    expect(problem({ args: [] })).toBe('')
    expect(problem({ args: ['', ' '] })).toBe('')
  })

  it.each([null, 'a', 1, { 0: 'a' }])('must be an array of strings, unlike %j', (args) => {
    expect(problem({ args })).toBe('args: must be an array of strings')
  })

  it('are named by their index where one is bad', () => {
    expect(problem({ args: ['a', 1, null] })).toBe(
      'args[1]: must be a string; args[2]: must be a string',
    )
    expect(problem({ args: ['a\0b'] })).toBe('args[0]: must not contain a NUL character')
  })
})

describe('env', () => {
  const variables = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`V${i}`, 'x']))

  it('may have 32 variables and not 33', () => {
    expect(problem({ env: variables(32) })).toBe('')
    expect(problem({ env: variables(33) })).toBe('env: must have at most 32 variables')
  })

  it('may have empty values and values with "="', () => {
    expect(schema.parse({ code: 'x', env: { A: '', B: 'c=d' } }).env).toEqual({ A: '', B: 'c=d' })
  })

  it.each([null, 'A=b', 1, ['a']])('must be an object of strings, unlike %j', (env) => {
    expect(problem({ env })).toBe('env: must be an object of strings')
  })

  it.each([null, 1, true, {}, ['b']])('must not have the value %j', (value) => {
    expect(problem({ env: { A: value } })).toBe('env.A: must be a string')
  })

  it.each([
    ['empty', '', 'the name of a variable must not be empty or contain "="'],
    ['"="', '=', 'the name of a variable must not be empty or contain "="'],
    ['"A=b"', 'A=b', 'the name of a variable must not be empty or contain "="'],
    ['with a NUL', 'A\0', 'must not contain a NUL character'],
  ])('must not have a name that is %s', (_, name, message) => {
    expect(problem({ env: { [name]: 'x' } })).toBe(`env.${name}: ${message}`)
  })

  it('must not have a NUL in a value', () => {
    expect(problem({ env: { A: 'b\0' } })).toBe('env.A: must not contain a NUL character')
  })

  it('may have variables that are called like members of every object', () => {
    const env = { constructor: 'a', toString: 'b', hasOwnProperty: 'c' }
    expect(schema.parse({ code: 'x', env }).env).toStrictEqual(env)
  })
})

describe('timeoutSeconds', () => {
  it.each([0.001, 0.5, 1, 9.999, 10])('may be %d', (timeoutSeconds) => {
    expect(schema.parse({ code: 'x', timeoutSeconds }).timeoutSeconds).toBe(timeoutSeconds)
  })

  it.each([0, -0, -1, -0.001, 10.001, 11, 1e300])('must not be %d', (timeoutSeconds) => {
    expect(problem({ timeoutSeconds })).toBe('timeoutSeconds: must be above 0 and at most 10')
  })

  it.each([null, '10', 'unlimited', true, [], {}])('must be a number, unlike %j', (value) => {
    expect(problem({ timeoutSeconds: value })).toBe('timeoutSeconds: must be a number')
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'must not be %d, should one ever get past JSON',
    (timeoutSeconds) => {
      expect(problem({ timeoutSeconds })).toBe('timeoutSeconds: must be a number')
    },
  )

  it('must not be a number that JSON reads as infinite', () => {
    expect(problem(JSON.parse('{"timeoutSeconds":1e999}'))).toBe('timeoutSeconds: must be a number')
  })

  it('is bounded by what the operator allows', () => {
    const strict = runRequestSchema(limitsOf(['python', 'data'], { maxTimeoutSeconds: 0.5 }))
    expect(strict.safeParse({ code: 'x', timeoutSeconds: 0.5 }).success).toBe(true)
    const { error } = strict.safeParse({ code: 'x', timeoutSeconds: 0.6 })
    expect(describeIssues(error?.issues ?? [])).toBe(
      'timeoutSeconds: must be above 0 and at most 0.5',
    )
  })

  it.each([
    [2, 10, 2],
    [10, 10, 10],
    [10, 3, 3],
  ])(
    'is by default %d where that is asked for and %d is allowed: %d',
    (byDefault, most, seconds) => {
      const limits = limitsOf(['python', 'data'], {
        maxTimeoutSeconds: most,
        defaultTimeoutSeconds: byDefault,
      })
      expect(runRequestSchema(limits).parse({ code: 'x' }).timeoutSeconds).toBe(seconds)
    },
  )

  it('is accepted exactly when it is above 0 and at most the limit', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.double({ min: -1, max: 11 })), (timeoutSeconds) => {
        const wanted = timeoutSeconds > 0 && timeoutSeconds <= 10
        expect(schema.safeParse({ code: 'x', timeoutSeconds }).success).toBe(wanted)
      }),
    )
  })
})

describe('the time limits of several environments', () => {
  const two = runRequestSchema({
    maxCodeBytes: 100,
    environments: [
      { name: 'quick', defaultTimeoutSeconds: 1, maxTimeoutSeconds: 2 },
      { name: 'slow', defaultTimeoutSeconds: 30, maxTimeoutSeconds: 60 },
    ],
  })
  const told = (fields: object) =>
    describeIssues(two.safeParse({ code: 'x', ...fields }).error?.issues ?? [])

  it('are each its own, also by default', () => {
    expect(two.parse({ code: 'x' }).timeoutSeconds).toBe(1)
    expect(two.parse({ code: 'x', environment: 'slow' }).timeoutSeconds).toBe(30)
    expect(told({ timeoutSeconds: 2 })).toBe('')
    expect(told({ timeoutSeconds: 60, environment: 'slow' })).toBe('')
    expect(told({ timeoutSeconds: 2.1 })).toBe(
      'timeoutSeconds: must be at most 2 in the environment quick',
    )
    expect(told({ timeoutSeconds: 61, environment: 'slow' })).toBe(
      'timeoutSeconds: must be above 0 and at most 60',
    )
  })

  it('can not be asked for as 0', () => {
    expect(told({ timeoutSeconds: 0 })).toBe('timeoutSeconds: must be above 0 and at most 60')
  })
})

describe('environment', () => {
  it.each(['python', 'data'])('may be %s, which is configured', (environment) => {
    expect(schema.parse({ code: 'x', environment }).environment).toBe(environment)
  })

  it('is by default the first that is configured', () => {
    const dataFirst = runRequestSchema(limitsOf(['data', 'python']))
    expect(dataFirst.parse({ code: 'x' }).environment).toBe('data')
  })

  it.each([null, '', 'java', 'Python', 'python ', 1, ['python'], {}, 'constructor'])(
    'must be one that is configured, unlike %j',
    (environment) => {
      expect(problem({ environment })).toBe('environment: must be one of python, data')
    },
  )

  it('must not be one that this version knows and the operator did not configure', () => {
    const python = runRequestSchema(limitsOf(['python']))
    const { error } = python.safeParse({ code: 'x', environment: 'data' })
    expect(describeIssues(error?.issues ?? [])).toBe('environment: must be one of python')
  })
})

describe('displayLastExpression', () => {
  it.each([true, false])('may be %j', (displayLastExpression) => {
    const request = schema.parse({ code: 'x', displayLastExpression })
    expect(request.displayLastExpression).toBe(displayLastExpression)
  })

  it.each([null, 'true', 1, 0, {}, []])('must be true or false, unlike %j', (value) => {
    expect(problem({ displayLastExpression: value })).toBe(
      'displayLastExpression: must be true or false',
    )
  })
})
