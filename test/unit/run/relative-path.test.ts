// Paths inside the working directory: which are refused and in which words, and which are in each other's way.

import { posix } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pathConflict, pathProblem } from '../../../src/run/relative-path.ts'

const OUTSIDE = 'must not contain ".."'
const ABSOLUTE = 'must be relative to the working directory'
const NOT_PLAIN = 'must be plain: no "." and no empty name before, between or after slashes'
const BACKSLASH = 'must not contain a backslash; folders are separated by "/"'
const NUL = 'must not contain a NUL character'

describe('a path', () => {
  it.each([
    ['', 'must not be empty'],
    ['..', OUTSIDE],
    ['../x', OUTSIDE],
    ['a/../../x', OUTSIDE],
    ['a/../x', OUTSIDE],
    ['a/..', OUTSIDE],
    ['./../x', OUTSIDE],
    ['**/../x', OUTSIDE],
    ['/', ABSOLUTE],
    ['/etc/x', ABSOLUTE],
    ['//x', ABSOLUTE],
    ['/../x', ABSOLUTE],
    ['.', NOT_PLAIN],
    ['./a', NOT_PLAIN],
    ['a/.', NOT_PLAIN],
    ['a/./b', NOT_PLAIN],
    ['a//b', NOT_PLAIN],
    ['a/', NOT_PLAIN],
    ['C:\\x', BACKSLASH],
    ['..\\x', BACKSLASH],
    ['a\\', BACKSLASH],
    ['a\0b', NUL],
    ['\0', NUL],
    ['a\0/../b', NUL],
  ])('must not be %j', (path, problem) => {
    expect(pathProblem(path)).toBe(problem)
  })

  it.each([
    ...['a', 'a.txt', 'a/b', '.hidden', '.a/.b', '...', '..a', 'a..', 'a../b', 'a..b'],
    ...['-rf', '~', '~/a', '$HOME', 'C:', 'C:/x', 'a b', ' ', 'a\nb', 'é/😀', '\u202e', 'CON'],
    ...['*', '*.png', '**', '**/*.csv', 'out/[!a]?.txt', 'main.py', '__proto__'],
  ])('may be %j', (path) => {
    expect(pathProblem(path)).toBeUndefined()
  })

  it('is accepted exactly when it is what it comes to, and that is inside', () => {
    const anyPath = fc
      .array(fc.constantFrom('a', 'é', '/', '/', '.', '.', '\\', '\0'), { maxLength: 8 })
      .map((characters) => characters.join(''))
    fc.assert(
      fc.property(anyPath, (path) => {
        const isPlain = posix.normalize(path) === path && path !== '.' && !path.endsWith('/')
        const isInside = posix.resolve('/work', path).startsWith('/work/')
        const wanted = isPlain && isInside && !path.startsWith('/') && !/[\\\0]/.test(path)
        expect(pathProblem(path) === undefined).toBe(wanted)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the length of a path', () => {
  const NAME = 'must not have a name of more than 255 bytes'
  const PATH = 'must be at most 1024 bytes'
  const DEPTH = 'must be at most 16 names deep'

  it.each([
    ['1 byte', 'x'.repeat(255)],
    ['3 bytes', '€'.repeat(85)],
    ['2 bytes, and one of 1', `${'é'.repeat(127)}x`],
  ])('may be 255 bytes for one name, and not 256: in characters of %s', (_, longest) => {
    for (const path of [longest, `a/${longest}`, `${longest}/a`]) {
      expect(pathProblem(path)).toBeUndefined()
      expect(pathProblem(path.replace(longest, `${longest}x`))).toBe(NAME)
    }
  })

  it('counts bytes of a name where characters would fit', () => {
    expect(pathProblem('é'.repeat(128))).toBe(NAME)
    expect(pathProblem('😀'.repeat(64))).toBe(NAME)
  })

  it('may be 1024 bytes, and not 1025', () => {
    const longest = Array.from({ length: 4 }, () => 'é'.repeat(127)).join('/')
    const filled = (name: string) => `${longest}/${name}`
    expect(Buffer.byteLength(filled('1234'))).toBe(1024)
    expect(pathProblem(filled('1234'))).toBeUndefined()
    expect(pathProblem(filled('12345'))).toBe(PATH)
  })

  it('may be 16 names, and not 17', () => {
    const deep = (names: number) => Array.from({ length: names }, () => 'd').join('/')
    expect(pathProblem(deep(16))).toBeUndefined()
    expect(pathProblem(deep(17))).toBe(DEPTH)
  })
})

describe('paths together', () => {
  it.each<[string[], { index: number; other: string } | undefined]>([
    [[], undefined],
    [['a'], undefined],
    [['a', 'b', 'c/a', 'c/b', 'c/d/a'], undefined],
    [['a', 'a.b', 'ab/a', 'A'], undefined],
    [['d/main.py', 'main.pyc', 'main'], undefined],
    [['a', 'a'], { index: 1, other: 'a' }],
    [['a/b', 'c', 'a/b'], { index: 2, other: 'a/b' }],
    [['a', 'a/b'], { index: 1, other: 'a' }],
    [['a', 'a/b/c/d'], { index: 1, other: 'a' }],
    [['a/b', 'a'], { index: 1, other: 'a/' }],
    [['a/b/c', 'x', 'a/b'], { index: 2, other: 'a/b/' }],
    [['main.py'], { index: 0, other: 'main.py' }],
    [['x', 'main.py/x'], { index: 1, other: 'main.py' }],
    [['b', 'b', 'a', 'a'], { index: 1, other: 'b' }],
  ])('%j: %j', (paths, conflict) => {
    expect(pathConflict(paths, ['main.py'])).toEqual(conflict)
  })

  it('are in no other’s way exactly when each can be a file', () => {
    const anyPath = fc
      .array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 3 })
      .map((names) => names.join('/'))
    fc.assert(
      fc.property(fc.array(anyPath, { maxLength: 6 }), (paths) => {
        const all = ['b', ...paths]
        const clash = (one: string, other: string) =>
          one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`)
        const first = paths.findIndex((path, i) =>
          all.slice(0, i + 1).some((other) => clash(path, other)),
        )
        const conflict = pathConflict(paths, ['b'])
        expect(conflict?.index ?? -1).toBe(first)
        const other = conflict?.other.replace(/\/$/, '') ?? ''
        if (conflict) expect(clash(paths[first] ?? '', other)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
