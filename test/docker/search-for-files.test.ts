// The search for a run's files and displays ends soon after the program, however many names and globs there are.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'

/**
 * How long after the program’s end the answer may take, in milliseconds: 400 of CPU time or 2000 of waiting for it, and room
 * for a busy machine. Without a bound it takes the 5000 that the host waits.
 */
const ANSWER_MS = 3000

let server: Server
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

/** A run, and how long after the program's own end its answer came, in milliseconds. */
async function timed(code: string, outputFiles: string[]) {
  await server.run({ code: 'pass' })
  const startMs = performance.now()
  const outcome = await server.run({ code, outputFiles })
  return { outcome, afterMs: performance.now() - startMs - outcome.durationMs }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)
const MANY_FILES = `
for number in range(3000): open(f"{number:04}" + "a" * 200, "w").close()`
const DEEP_TREE = `
import os
for _ in range(60):
    os.mkdir("d"); os.chdir("d")
    for number in range(50): open(f"{number:02}" + "a" * 200, "w").close()`

/** Each takes milliseconds for all names of MANY_FILES to be compared with. */
const DEAR_GLOBS = numbers(32).map((n) => `*${'a'.repeat(90 + n)}b*`)

describe('is short', () => {
  it.each<[string, string, string[]]>([
    ['with globs of many **', MANY_FILES, numbers(32).map((n) => `${'**/'.repeat(15)}x${n}*`)],
    ['with globs that share nothing', MANY_FILES, DEAR_GLOBS],
    [
      'with globs of folders in a deep tree',
      DEEP_TREE,
      numbers(32).map((n) => `${`**/*${n % 2 ? 'd' : '?'}*/`.repeat(7)}*a*a*${n}`),
    ],
    ['with many stars', MANY_FILES, numbers(32).map((n) => `${'*a'.repeat(100)}${n}b`)],
    [
      'with many character classes',
      MANY_FILES,
      numbers(32).map((n) => `*${'[a-b]'.repeat((n % 10) + 38)}c*`),
    ],
    [
      'with very many folders',
      'import os\nfor n in range(2000): os.mkdir(str(n))',
      numbers(32).map((n) => `**/*/${n}/*b*`),
    ],
  ])('%s', async (_, code, outputFiles) => {
    const { outcome, afterMs } = await timed(code, outputFiles)
    expect(outcome).toMatchObject({ status: 'ok', files: [] })
    for (const { path, reason } of outcome.filesOmitted) {
      expect(reason).toBe('not_collected')
      expect(outputFiles).toContain(path)
    }
    expect(afterMs).toBeLessThan(ANSWER_MS)
  })

  it('with as many displays as there may be files', async () => {
    const code = `import os
os.mkdir("/tmp/.displays")
for n in range(2000): open(f"/tmp/.displays/{n:04}.txt", "w").close()`
    const { outcome, afterMs } = await timed(code, [])
    expect(outcome.status).toBe('ok')
    expect(outcome.displays.length + outcome.displaysOmittedCount).toBe(2000)
    expect(afterMs).toBeLessThan(ANSWER_MS)
  })
})

it('that was not finished is told: of each glob, and of each file that was not come to', async () => {
  const plain = ['!first', 'zlast', 'main.py/x']
  const code = `open("!first", "w").close(); open("zlast", "w").close()\n${MANY_FILES}`
  const outcome = await server.run({ code, outputFiles: [...plain, ...DEAR_GLOBS.slice(3)] })
  expect(outcome.files.map(({ path }) => path)).toEqual(['!first'])
  expect(outcome.filesOmitted).toEqual(
    [...plain.slice(1), ...DEAR_GLOBS.slice(3)].map((path) => ({ path, reason: 'not_collected' })),
  )
  expect(outcome.filesOmittedCount).toBe(31)
})

it('that was not finished is told where more is left out than can be named', async () => {
  const code = `import os
for number in range(200): os.mkfifo(f"!{number:03}")
${MANY_FILES}`
  const { filesOmitted, filesOmittedCount } = await server.run({
    code,
    outputFiles: ['!*', ...DEAR_GLOBS.slice(1)],
  })
  expect(filesOmittedCount).toBe(232)
  expect(filesOmitted).toHaveLength(100)
  expect(filesOmitted[0]).toEqual({ path: '!000', reason: 'not_regular' })
  expect(filesOmitted[68]).toEqual({ path: '!*', reason: 'not_collected' })
})

it('that is finished finds what it always found', async () => {
  const code = `import os
for path in ("a/b/c/x.txt", "a/x.txt", "x.txt", "a/b/y.csv", "**", "a/[z]"):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    open(path, "w").close()`
  const found = async (...outputFiles: string[]) => {
    const { files, filesOmittedCount } = await server.run({ code, outputFiles })
    expect(filesOmittedCount).toBe(0)
    return files.map(({ path }) => path)
  }
  const everything = ['**', 'a/[z]', 'a/b/c/x.txt', 'a/b/y.csv', 'a/x.txt', 'main.py', 'x.txt']
  expect(await found('**')).toEqual(everything)
  expect(await found('**/**/**')).toEqual(everything)
  expect(await found('**/**/x.txt')).toEqual(['a/b/c/x.txt', 'a/x.txt', 'x.txt'])
  expect(await found('a/**/**/b/**/*')).toEqual(['a/b/c/x.txt', 'a/b/y.csv'])
  expect(await found('**/b/**/x.txt', '**/b/*')).toEqual(['a/b/c/x.txt', 'a/b/y.csv'])
  expect(await found('a/[[]z]', 'none', 'x.txt')).toEqual(['a/[z]', 'x.txt'])
})
