// The request schema: the body as a whole, the program, standard input.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeIssues } from '../../../src/run/issues.ts'
import { runRequestSchema } from '../../../src/run/request.ts'
import { limitsOf } from '../support/request-limits.ts'

const schema = runRequestSchema(limitsOf(['python', 'data'], { maxCodeBytes: 262_144 }))

/** What is said of a body; `''` where it is accepted. */
function problem(body: unknown): string {
  const result = schema.safeParse(body)
  return result.success ? '' : describeIssues(result.error.issues)
}

describe('the body', () => {
  it('needs nothing but code, and fills in the defaults', () => {
    expect(schema.parse({ code: 'print(1)' })).toStrictEqual({
      code: 'print(1)',
      stdin: '',
      args: [],
      env: {},
      timeoutSeconds: 10,
      files: [],
      outputFiles: [],
      environment: 'python',
      retry: false,
      displayLastExpression: false,
    })
  })

  it('is handed on unchanged when every field is given', () => {
    const body = {
      code: '  print(1)\r\n',
      stdin: 'a\n',
      args: ['', 'b'],
      env: { A: '', B: '=x=' },
      timeoutSeconds: 2.5,
      files: [{ path: 'a/b.txt', content: 'é\r\n', encoding: 'utf8' }],
      outputFiles: ['*.png'],
      environment: 'data',
      retry: true,
      displayLastExpression: true,
    }
    expect(schema.parse(body)).toStrictEqual(body)
  })

  it.each([
    ['null', null],
    ['an array', [{ code: 'x' }]],
    ['a string', 'print(1)'],
    ['a number', 4],
    ['a boolean', true],
  ])('must not be %s', (_, body) => {
    expect(problem(body)).toBe('body: must be a JSON object')
  })

  it('names all bad fields in one line', () => {
    const body = {
      ...{ code: 1, stdin: 2, args: 3, env: 4, timeoutSeconds: 'x' },
      ...{ files: 5, outputFiles: 6, environment: 7, displayLastExpression: 8 },
    }
    expect(problem(body).split('; ')).toEqual([
      'code: must be a string',
      'stdin: must be a string',
      'args: must be an array of strings',
      'env: must be an object of strings',
      'files: must be an array of objects with "path" and "content"',
      'outputFiles: must be an array of strings',
      'timeoutSeconds: must be a number',
      'environment: must be one of python, data',
      'displayLastExpression: must be true or false',
    ])
  })
})

describe('code', () => {
  it('is required', () => {
    expect(problem({})).toBe('code: is required')
    expect(problem({ stdin: 'x' })).toBe('code: is required')
  })

  it.each([
    ['null', null],
    ['a number', 1],
    ['an object', {}],
    ['an array', ['x']],
    ['a boolean', false],
  ])('must not be %s', (_, code) => {
    expect(problem({ code })).toBe('code: must be a string')
  })

  it.each([
    ['empty', ''],
    ['spaces', '   '],
    ['line ends and tabs', '\r\n\t\n'],
    ['a byte order mark', '\ufeff'],
    ['a no-break space', '\u00a0'],
  ])('is blank when it is %s', (_, code) => {
    expect(problem({ code })).toBe('code: must not be blank')
  })

  it('may be 1 byte long', () => {
    expect(problem({ code: '1' })).toBe('')
  })

  it.each([
    ['1 byte', 'x', 262_144],
    ['2 bytes', 'é', 131_072],
    ['4 bytes', '😀', 65_536],
  ])(
    'may be as long as the limit in characters of %s, and not a byte longer',
    (_, character, n) => {
      const longest = character.repeat(n)
      expect(problem({ code: longest })).toBe('')
      expect(problem({ code: `${longest}x` })).toBe('code: must be at most 262144 bytes of UTF-8')
    },
  )

  it('counts bytes where characters would fit', () => {
    expect(problem({ code: '€'.repeat(87_382) })).toBe(
      'code: must be at most 262144 bytes of UTF-8',
    )
  })

  it('may contain a NUL, which Python itself refuses', () => {
    expect(problem({ code: 'x\0' })).toBe('')
  })

  it('is accepted exactly when it has a UTF-8 form, is not blank, and fits', () => {
    const small = runRequestSchema(limitsOf(['python', 'data'], { maxCodeBytes: 12 }))
    const units = [' ', '\n', 'x', 'é', '€', '\ud83d', '\ude00', '\ufeff', '\u00a0']
    const anyCode = fc.array(fc.constantFrom(...units), { maxLength: 8 })
    fc.assert(
      fc.property(anyCode, (characters) => {
        const code = characters.join('')
        const roundTrips = Buffer.from(code).toString() === code
        const wanted = roundTrips && /\S/.test(code) && Buffer.byteLength(code) <= 12
        expect(small.safeParse({ code }).success).toBe(wanted)
      }),
    )
  })
})

describe('stdin', () => {
  it('may be any text, NUL and emptiness too', () => {
    expect(schema.parse({ code: 'x', stdin: 'a\0b' }).stdin).toBe('a\0b')
    expect(schema.parse({ code: 'x', stdin: '' }).stdin).toBe('')
  })

  it.each([null, 1, {}, ['a']])('must be a string, unlike %j', (stdin) => {
    expect(problem({ code: 'x', stdin })).toBe('stdin: must be a string')
  })
})

describe('a lone surrogate', () => {
  it.each([
    ['the first half in code', { code: '\ud800' }, 'code'],
    ['the second half in code', { code: 'x = "\udc00"' }, 'code'],
    ['the halves in the wrong order', { code: '\udc00\ud800' }, 'code'],
    ['one in stdin', { code: 'x', stdin: '\ud800' }, 'stdin'],
    ['one in an argument', { code: 'x', args: ['a', '\ud800'] }, 'args[1]'],
    ['one in a variable', { code: 'x', env: { A: '\ud800' } }, 'env.A'],
    [
      'one in the path of a file',
      { code: 'x', files: [{ path: '\ud800', content: '' }] },
      'files[0].path',
    ],
    ['one in a file', { code: 'x', files: [{ path: 'a', content: '\udc00' }] }, 'files[0].content'],
    ['one in a glob', { code: 'x', outputFiles: ['*', 'a\ud800'] }, 'outputFiles[1]'],
  ])('is refused: %s', (_, body, field) => {
    expect(problem(body)).toBe(`${field}: must not contain a lone surrogate`)
  })

  it('is refused in the name of a variable', () => {
    expect(problem({ code: 'x', env: { '\ud800': 'y' } })).toContain(
      ': must not contain a lone surrogate',
    )
  })

  it('is told from a pair, which is accepted', () => {
    expect(problem({ code: '\ud83d\ude00' })).toBe('')
  })
})
