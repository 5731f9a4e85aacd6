// The request schema: files that are sent along, and globs of those that come back.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { problem, schema } from '../support/request.ts'

/** What is said of one file; what is not given is right. */
const fileProblem = (fields: Record<string, unknown>) =>
  problem({ files: [{ path: 'a', content: '', ...fields }] })

const named = (...paths: string[]) => ({ files: paths.map((path) => ({ path, content: '' })) })
const OBJECT = 'an object with "path" and "content"'

describe('files', () => {
  it('are text where they do not say what they are', () => {
    const files = [
      { path: 'a.txt', content: 'é\r\n\0' },
      { path: 'b/c', content: '', encoding: 'utf8' },
      { path: 'b/d', content: 'AP8=', encoding: 'base64' },
    ]
    expect(schema.parse({ code: 'x', files }).files).toStrictEqual([
      { path: 'a.txt', content: 'é\r\n\0', encoding: 'utf8' },
      ...files.slice(1),
    ])
  })

  it('may be 32 and not 33', () => {
    const names = Array.from({ length: 33 }, (_, i) => `f${i}`)
    expect(problem(named(...names.slice(1)))).toBe('')
    expect(problem(named(...names))).toBe('files: must have at most 32 items')
  })

  it.each([null, 'a', 1, {}, { path: 'a', content: '' }])(
    'must be an array, unlike %j',
    (files) => {
      expect(problem({ files })).toBe(
        'files: must be an array of objects with "path" and "content"',
      )
    },
  )

  it('are named by their index where one is no object', () => {
    const files = [{ path: 'a', content: '' }, null, 'b', ['path', 'content']]
    expect(problem({ files })).toBe(
      `files[1]: must be ${OBJECT}; files[2]: must be ${OBJECT}; files[3]: must be ${OBJECT}`,
    )
  })

  it.each([
    [{}, 'files[0].path: is required; files[0].content: is required'],
    [{ path: 'a' }, 'files[0].content: is required'],
    [{ content: '' }, 'files[0].path: is required'],
    [
      { path: 1, content: null },
      'files[0].path: must be a string; files[0].content: must be a string',
    ],
    [{ path: 'a', content: '', mode: '0644' }, 'files[0].mode: unknown field'],
    [{ path: 'a', content: '', constructor: 1 }, 'files[0].constructor: unknown field'],
    [JSON.parse('{"path":"a","content":"","__proto__":1}'), 'files[0].__proto__: unknown field'],
    [
      JSON.parse('{"__proto__":{"path":"a","content":""}}'),
      'files[0].path: is required; files[0].content: is required; files[0].__proto__: unknown field',
    ],
  ])('have a path and a content and no more, unlike %j', (file, message) => {
    expect(problem({ files: [file] })).toBe(message)
  })
})

describe('the path of a file', () => {
  it.each([
    ['../x', 'files[0].path: "../x" must not contain ".."'],
    ['/etc/x', 'files[0].path: "/etc/x" must be relative to the working directory'],
    ['a/../../x', 'files[0].path: "a/../../x" must not contain ".."'],
    ['a\0b', 'files[0].path: "a\\u0000b" must not contain a NUL character'],
    [
      'C:\\x',
      'files[0].path: "C:\\\\x" must not contain a backslash; folders are separated by "/"',
    ],
    ['', 'files[0].path: "" must not be empty'],
  ])('is repeated in what is said against it: %j', (path, message) => {
    expect(fileProblem({ path })).toBe(message)
  })

  it('is repeated to its 100th character', () => {
    expect(fileProblem({ path: 'x'.repeat(256) })).toBe(
      `files[0].path: "${'x'.repeat(100)}…" must not have a name of more than 255 bytes`,
    )
  })

  it('does not break the line that it is told in', () => {
    expect(fileProblem({ path: '../\r\n"; x' })).toBe(
      'files[0].path: "../\\r\\n\\"; x" must not contain ".."',
    )
  })

  it.each([
    [['a', 'a'], 'files[1].path: "a" is in the way of "a"'],
    [['b', 'a', 'a/b'], 'files[2].path: "a/b" is in the way of "a"'],
    [['a/b', 'a'], 'files[1].path: "a" is in the way of "a/"'],
    [['main.py'], 'files[0].path: "main.py" is in the way of the code itself'],
    [['a', 'main.py/x'], 'files[1].path: "main.py/x" is in the way of the code itself'],
  ])('must not be in the way of another: %j', (paths, message) => {
    expect(problem(named(...paths))).toBe(message)
  })
})

describe('the content of a file', () => {
  const BASE64 = 'must be base64 (RFC 4648, section 4; padded, without line breaks)'
  const binary = (content: string) => fileProblem({ content, encoding: 'base64' })

  it.each(['', 'QQ==', 'QUI=', 'QUJD', '+/+/'])('may be base64: %j', (content) => {
    expect(binary(content)).toBe('')
  })

  it.each([
    ...['QQ', 'QQ=', 'QQ===', 'QUJ', 'Q', '=', '====', 'QUI=QUI=', '-_-_', 'QUJ!', 'é'],
    ...['QUJD\n', 'QUJD\r\nQUJD', ' QUJD', 'QU JD', 'QUJD\0', 'data:,QUJD'],
  ])('must not be %j where it is called base64, and need not be otherwise', (content) => {
    expect(binary(content)).toBe(`files[0].content: ${BASE64}`)
    expect(fileProblem({ content })).toBe('')
  })

  it.each(['latin1', 'UTF8', 'utf-8', 'hex', '', null, 1])(
    'must not have the encoding %j',
    (encoding) => {
      expect(fileProblem({ encoding })).toBe('files[0].encoding: must be "utf8" or "base64"')
    },
  )

  it('may be any bytes, as base64', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        expect(binary(Buffer.from(bytes).toString('base64'))).toBe('')
      }),
    )
  })

  it('is told together with what else is wrong with its file', () => {
    expect(problem({ files: [{ path: '/x', content: 5, encoding: 'hex', mode: 1 }] })).toBe(
      'files[0].path: "/x" must be relative to the working directory; ' +
        'files[0].content: must be a string; files[0].encoding: must be "utf8" or "base64"; ' +
        'files[0].mode: unknown field',
    )
  })
})

describe('outputFiles', () => {
  it('may be 32 and not 33', () => {
    expect(problem({ outputFiles: Array.from({ length: 32 }, () => '*') })).toBe('')
    expect(problem({ outputFiles: Array.from({ length: 33 }, () => '*') })).toBe(
      'outputFiles: must have at most 32 items',
    )
  })

  it('may be globs, and paths of what was sent', () => {
    const outputFiles = ['*', '**', '**/*.png', 'out/[!a]?.txt', 'main.py']
    expect(schema.parse({ code: 'x', outputFiles }).outputFiles).toEqual(outputFiles)
  })

  it.each([null, '*', 1, { 0: '*' }])('must be an array of strings, unlike %j', (outputFiles) => {
    expect(problem({ outputFiles })).toBe('outputFiles: must be an array of strings')
  })

  it.each([
    [['a', 1], 'outputFiles[1]: must be a string'],
    [['a', '../*'], 'outputFiles[1]: "../*" must not contain ".."'],
    [['/etc/*'], 'outputFiles[0]: "/etc/*" must be relative to the working directory'],
    [[''], 'outputFiles[0]: "" must not be empty'],
    [
      ['out\\*'],
      'outputFiles[0]: "out\\\\*" must not contain a backslash; folders are separated by "/"',
    ],
    [['a\0'], 'outputFiles[0]: "a\\u0000" must not contain a NUL character'],
  ])('follow the rule for paths, unlike %j', (outputFiles, message) => {
    expect(problem({ outputFiles })).toBe(message)
  })
})
