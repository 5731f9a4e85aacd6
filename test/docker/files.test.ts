// Files in and files out, and what a program can do to the collection, against a real engine.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'

const base64 = (bytes: number[]) => Buffer.from(bytes).toString('base64')

let server: Server
beforeAll(async () => {
  server = await startServer({
    ...{ MAX_OUTPUT_FILES_BYTES: '2000', TMP_MB: '4' },
  })
})
afterAll(() => server.stop())

/** Runs a program and returns its files as `path: content`, and what was left out as `path: reason`. */
async function collect(code: string, outputFiles: string[], given: object = {}) {
  const outcome = await server.run({ code, outputFiles, ...given })
  return {
    status: outcome.status,
    files: Object.fromEntries(outcome.files.map(({ path, content }) => [path, content])),
    omitted: Object.fromEntries(outcome.filesOmitted.map(({ path, reason }) => [path, reason])),
    count: outcome.filesOmittedCount,
  }
}

describe('files in', () => {
  it('are there before the program: text, bytes, folders, modules, packages', async () => {
    const outcome = await server.run({
      code: [
        'import helper, pkg.inner, random',
        'print(helper.NAME, pkg.inner.VALUE, random.SEED)',
        'print(open("data/a b.txt", encoding="utf-8").read(), open("raw", "rb").read())',
      ].join('\n'),
      files: [
        { path: 'helper.py', content: 'NAME = "helper"' },
        { path: 'pkg/__init__.py', content: '' },
        { path: 'pkg/inner.py', content: 'from .other import VALUE' },
        { path: 'pkg/other.py', content: 'VALUE = 42' },
        { path: 'random.py', content: 'SEED = "mine"' },
        { path: 'data/a b.txt', content: 'é', encoding: 'utf8' },
        { path: 'raw', content: base64([0, 255, 10]), encoding: 'base64' },
      ],
    })
    expect(outcome).toMatchObject({ status: 'ok', output: "helper 42 mine\né b'\\x00\\xff\\n'" })
  })

  it.each(['../x', '/etc/x', 'a/../../x', 'a\0b', 'C:\\x', '', '.', 'main.py', 'main.py/x'])(
    'must not be called %j',
    async (path) => {
      const response = await server.post({ code: 'pass', files: [{ path, content: '' }] })
      expect(response.status).toBe(400)
      const { error } = (await response.json()) as { error: string }
      expect(error).toContain(`files[0].path: ${JSON.stringify(path)} `)
    },
  )

  it('are refused where they do not fit, and nothing runs', async () => {
    const content = 'x'.repeat(1_500_000)
    const files = [1, 2, 3].map((n) => ({ path: `d/${n}`, content: n === 3 ? 'x' : content }))
    const small = await startServer({ TMP_MB: '1', POOL_SIZE: '1' })
    try {
      const response = await small.post({ code: 'print("ran")', files: files.slice(0, 1) })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({
        error: "files: can't be written: d/1: No space left on device",
        code: 'invalid_request',
      })
      expect(await small.run({ code: 'print(1)' })).toMatchObject({ output: '1' })
    } finally {
      await small.stop()
    }
  })
})

describe('files out', () => {
  it('come back as text where they are, else in base64, in the order of their paths', async () => {
    const outcome = await server.run({
      code: [
        'import os',
        'os.makedirs("out/deep")',
        'open("b.txt", "w").write("é\\n")',
        'open("a.bin", "wb").write(b"\\xff\\x00")',
        'open("out/deep/c", "w").close()',
        'open("not.this", "w").write("x")',
      ].join('\n'),
      outputFiles: ['*.txt', 'a.*', 'out/**'],
    })
    expect(outcome.files).toEqual([
      { path: 'a.bin', size: 2, encoding: 'base64', content: '/wA=' },
      { path: 'b.txt', size: 3, encoding: 'utf8', content: 'é\n' },
      { path: 'out/deep/c', size: 0, encoding: 'utf8', content: '' },
    ])
    expect(outcome).toMatchObject({ status: 'ok', filesOmitted: [], filesOmittedCount: 0 })
  })

  it.each([
    ['error', '1 / 0'],
    ['timeout', 'while True: pass'],
    ['oom', 'x = []\nwhile True: x.append(bytearray(10**6))'],
    ['output_limit', 'while True: print("x" * 1000)'],
    ['killed', 'import os\nos.kill(os.getpid(), 11)'],
  ])('come back after %s', async (status, end) => {
    const code = `with open("kept", "w") as file: file.write("kept")\n${end}`
    const timeoutSeconds = status === 'timeout' ? 2 : 8 // the kernel takes a second to kill for memory
    expect(await collect(code, ['kept'], { timeoutSeconds })).toEqual({
      status,
      files: { kept: 'kept' },
      omitted: {},
      count: 0,
    })
  })

  it('are matched by folders: ** is any number of them', async () => {
    const code = `import os
os.makedirs("a/b/c")
for path in ("z.csv", "a/x.csv", "a/b/c/y.csv", "a/b/q", "a/q"): open(path, "w").close()`
    expect((await collect(code, ['**/*.csv', 'a/b/*'])).files).toEqual({
      ...{ 'z.csv': '', 'a/x.csv': '', 'a/b/c/y.csv': '', 'a/b/q': '' },
    })
    expect((await collect(code, ['?.csv', 'a/[a-m]/q'])).files).toEqual({
      'z.csv': '',
      'a/b/q': '',
    })
  })

  it('are told of where nothing could be collected', async () => {
    const code = 'import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(5)'
    expect(await collect(code, ['a', '*.b'])).toMatchObject({
      status: 'killed',
      files: {},
      omitted: { a: 'not_collected', '*.b': 'not_collected' },
      count: 2,
    })
  })
})

describe('what is left out', () => {
  it.each<[string, string, string[], Record<string, string>]>([
    [
      'links, pipes and sockets',
      `import os, socket
os.symlink("/etc/passwd", "file"); os.symlink("/etc", "folder"); os.symlink("/proc/1/environ", "env")
os.mkfifo("pipe"); socket.socket(socket.AF_UNIX).bind("socket")`,
      ['**', 'folder/*'],
      {
        ...{ file: 'not_regular', folder: 'not_regular', env: 'not_regular' },
        ...{ pipe: 'not_regular', socket: 'not_regular' },
      },
    ],
    [
      'links to folders alone, where folders are searched',
      'import os\nopen("a.txt", "w").close(); os.symlink("a.txt", "b"); os.symlink("/etc", "c")',
      ['**/*.csv'],
      { c: 'not_regular' },
    ],
    [
      'what the program closed',
      'import os\nopen("x", "w").close(); os.chmod("x", 0)\nos.mkdir("d"); os.chmod("d", 0)',
      ['x', 'd/*'],
      { x: 'not_readable', 'd/': 'not_readable' },
    ],
    ['what is too large', 'open("big", "w").write("x" * 1001)', ['big'], { big: 'too_large' }],
    [
      'a file with a hole of a mebibyte, without reading it',
      'open("hole", "wb").truncate(2**20)',
      ['hole'],
      { hole: 'too_large' },
    ],
    [
      'what is too much together',
      'for name in "abc": open(name, "w").write("x" * 700)',
      ['?'],
      { c: 'total_too_large' },
    ],
    [
      'what are too many',
      'for number in range(10, 44): open(f"f{number}", "w").close()',
      ['f*'],
      { f42: 'too_many', f43: 'too_many' },
    ],
    [
      'a name that is not UTF-8',
      'open(b"\\xff.txt", "w").close()',
      ['*.txt'],
      { '\\udcff.txt': 'bad_name' },
    ],
    [
      'folders without end',
      'import os\nfor _ in range(100): os.mkdir("d"); os.chdir("d")\nopen("x", "w").close()',
      ['d/**'],
      { [`${'d/'.repeat(65)}`]: 'too_deep' },
    ],
  ])('%s', async (_, code, outputFiles, omitted) => {
    const seen = await collect(code, outputFiles)
    expect(seen).toMatchObject({ status: 'ok', omitted, count: Object.keys(omitted).length })
    expect(JSON.stringify(seen.files)).not.toContain('root:')
  })

  it('is counted, and the first hundred are named', async () => {
    const outcome = await server.run({
      code: 'for i in range(500): open(f"f{i:03}", "w").close()',
      outputFiles: ['f*'],
    })
    expect(outcome.files.map(({ path }) => path).at(-1)).toBe('f031')
    expect(outcome.files).toHaveLength(32)
    expect(outcome.filesOmitted).toHaveLength(100)
    expect(outcome.filesOmitted[0]).toEqual({ path: 'f032', reason: 'too_many' })
    expect(outcome.filesOmittedCount).toBe(468)
  })
})

describe('a program', () => {
  it('can put nothing in the place of its working directory', async () => {
    const code = `import os
open("mine", "w").write("mine")
os.rename("/tmp/work", "/tmp/elsewhere")
os.symlink("/etc", "/tmp/work")`
    expect(await collect(code, ['mine', 'passwd', '*'])).toMatchObject({
      files: { mine: 'mine', 'main.py': code },
      omitted: {},
    })
  })

  it('can put nothing in the place of the displays', async () => {
    const links = `import os
os.mkdir("/tmp/.displays")
os.symlink("/etc/passwd", "/tmp/.displays/000001.txt")
os.mkfifo("/tmp/.displays/000002.png")
open("/tmp/.displays/000003.txt", "w").write("own")`
    expect(await server.run({ code: links })).toMatchObject({
      displays: [{ mime: 'text/plain', data: 'own' }],
      displaysOmittedCount: 2,
    })
    const folder = 'import os\nos.symlink("/etc", "/tmp/.displays")'
    expect(await server.run({ code: folder })).toMatchObject({ status: 'ok', displays: [] })
  })

  it('is dead when its files are collected: nothing is swapped meanwhile', async () => {
    const code = `import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            for source in ("/etc/passwd", None):
                if source: os.symlink(source, "next")
                else: open("next", "w").write("x" * 900)
                os.rename("next", "swapped")
    os._exit(0)
import time
time.sleep(0.3)`
    for (let round = 0; round < 4; round += 1) {
      const { files, omitted } = await collect(code, ['swapped'])
      if (omitted.swapped) expect(omitted).toEqual({ swapped: 'not_regular' })
      else expect(files).toEqual({ swapped: expect.stringMatching(/^x*$/) })
    }
  })

  it('can not make the search for files endless', async () => {
    const outcome = await server.run({
      code: 'open("a" * 255, "w").close()',
      outputFiles: [`${'*a'.repeat(120)}b`, `${'**/'.repeat(15)}*b`],
    })
    expect(outcome).toMatchObject({ status: 'ok', files: [], filesOmittedCount: 0 })
  })
})
