// Variables that are read at the start of a process: they mean what they mean in a shell. Each program is run twice, by the
// server with `env`, and by a shell's way in a container: `python3 main.py` in a folder with the same files.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Outcome } from '../../src/run/outcome.ts'
import { type Server, startServer } from '../support/server.ts'

interface Case {
  env: Record<string, string>
  code: string
  /** What the variables do: a part of stdout or stderr that a run without them does not have. */
  shows: string | RegExp
}

const ENCODINGS =
  'import sys; print(sys.flags.utf8_mode, sys.getfilesystemencoding(), sys.stdout.encoding, sys.stderr.errors)'
const HEAP = `import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
print(ctypes.string_at(libc.malloc(3000) + 1000, 8).hex())`

const CASES: readonly Case[] = [
  { env: { PYTHONHASHSEED: '0' }, code: 'print(hash("a"))', shows: '4644417185603328019' },
  { env: { PYTHONPATH: 'lib' }, code: 'import sys, m\nprint(m.X, sys.path[1])', shows: '5 ' },
  { env: { PYTHONSAFEPATH: '1' }, code: 'import own', shows: "No module named 'own'" },
  {
    env: { PYTHONWARNINGS: 'error' },
    code: 'import warnings\nwarnings.warn("x")',
    shows: 'Traceback',
  },
  { env: { PYTHONOPTIMIZE: '2' }, code: 'assert False\nprint(__debug__)', shows: 'False' },
  {
    env: { PYTHONDEVMODE: '1' },
    code: 'import sys\nprint(sys.flags.dev_mode)\nopen("x", "w")',
    shows: 'ResourceWarning: unclosed file',
  },
  { env: { PYTHONUTF8: '1', LC_ALL: 'POSIX' }, code: ENCODINGS, shows: '1 utf-8 utf-8' },
  { env: { PYTHONUTF8: '0', LC_ALL: 'C' }, code: ENCODINGS, shows: '0 ascii ascii' },
  { env: { LC_ALL: 'C' }, code: ENCODINGS, shows: '1 utf-8 utf-8' },
  { env: { LANG: 'C', PYTHONCOERCECLOCALE: '0' }, code: ENCODINGS, shows: '1 utf-8 utf-8' },
  { env: { LANG: 'C', PYTHONCOERCECLOCALE: 'warn' }, code: ENCODINGS, shows: 'locale coercion' },
  {
    env: { PYTHONIOENCODING: 'utf-16:backslashreplace' },
    code: ENCODINGS,
    shows: 'u\0t\0f\0',
  },
  { env: { PYTHONUNBUFFERED: '' }, code: 'import os\nprint("lost")\nos._exit(0)', shows: /^$/ },
  {
    env: { PYTHONDONTWRITEBYTECODE: '', PYTHONPYCACHEPREFIX: 'cache' },
    code: 'import own, os\nprint(sorted(name for *_, names in os.walk("cache") for name in names))',
    shows: 'own.cpython',
  },
  { env: { PYTHONINSPECT: '1' }, code: 'import sys\nsys.exit(3)', shows: 'SystemExit: 3' },
  { env: { PYTHONINSPECT: '1' }, code: '1 / 0', shows: 'ZeroDivisionError' },
  {
    env: { PYTHONSTARTUP: 'own.py', PYTHONDUMPREFS: '1', PYTHONCASEOK: '1', PYTHONISTA: '1' },
    code: 'import sys; print(sys.flags.isolated)',
    shows: '0',
  },
  {
    env: { PYTHONFAULTHANDLER: '1' },
    code: 'import faulthandler; print(faulthandler.is_enabled())',
    shows: 'True',
  },
  {
    env: { PYTHONTRACEMALLOC: '7' },
    code: 'import tracemalloc; print(tracemalloc.get_traceback_limit())',
    shows: '7',
  },
  {
    env: { PYTHONASYNCIODEBUG: '1' },
    code: 'import asyncio\nasync def main(): print(asyncio.get_running_loop().get_debug())\nasyncio.run(main())',
    shows: 'True',
  },
  {
    env: { PYTHONINTMAXSTRDIGITS: '700' },
    code: 'import sys; print(sys.get_int_max_str_digits())',
    shows: '700',
  },
  {
    env: { PYTHONNODEBUGRANGES: '1' },
    code: 'x = 1\nprint(x / 0)',
    shows: /print\(x \/ 0\)\nZero/,
  },
  { env: { PYTHON_COLORS: '1' }, code: '1 / 0', shows: '\x1b[' },
  { env: { PYTHONBREAKPOINT: '0' }, code: 'breakpoint()\nprint("on")', shows: 'on' },
  { env: { PYTHON_CPU_COUNT: '3' }, code: 'import os; print(os.cpu_count())', shows: '3' },
  { env: { PYTHON_GIL: '0' }, code: 'print(1)', shows: 'Fatal Python error' },
  {
    env: { PYTHON_FROZEN_MODULES: 'off' },
    code: 'import os\nprint(os.__spec__.origin)',
    shows: 'os.py',
  },
  {
    env: { PYTHONWARNDEFAULTENCODING: '1' },
    code: 'open("own.py").close()',
    shows: 'EncodingWarning',
  },
  {
    env: { PYTHONMALLOC: 'malloc' },
    code: 'import os, sys\nos.dup2(os.open("x", os.O_RDWR | os.O_CREAT), 2)\nsys._debugmallocstats()\nprint("arenas" in open("x").read())',
    shows: 'False',
  },
  {
    env: { PYTHONUSERBASE: '/tmp/oracle/base' },
    code: 'import site; print(site.getusersitepackages())',
    shows: '/base/lib/python3',
  },
  { env: { PYTHONNOUSERSITE: '1' }, code: 'import sys; print(sys.flags.no_user_site)', shows: '1' },
  {
    env: { PYTHONPROFILEIMPORTTIME: '1' },
    code: 'import decimal',
    shows: /\d+ +\| +\d+ +\| decimal\n/,
  },
  { env: { PYTHONVERBOSE: '1' }, code: 'import decimal', shows: "import 'decimal'" },
  { env: { PYTHONPATH: 'customized' }, code: 'print("main")', shows: 'customized\nmain' },
  { env: { MALLOC_PERTURB_: '85' }, code: HEAP, shows: 'aaaaaaaaaaaaaaaa' },
  { env: { GLIBC_TUNABLES: 'glibc.malloc.perturb=85' }, code: HEAP, shows: 'aaaaaaaaaaaaaaaa' },
  {
    env: { LD_PRELOAD: 'libanl.so.1' },
    code: 'print("libanl.so.1" in open("/proc/self/maps").read())',
    shows: 'True',
  },
  { env: { LD_PRELOAD: '/tmp/oracle/broken.so' }, code: 'print(1)', shows: 'cannot be preloaded' },
  {
    env: { LD_LIBRARY_PATH: '/tmp/oracle' },
    code: 'import ctypes\ntry: ctypes.CDLL("broken.so")\nexcept OSError as error: print(error)',
    shows: 'file too short',
  },
  { env: { LD_TRACE_LOADED_OBJECTS: '1' }, code: 'print(1)', shows: 'libc.so.6' },
  { env: { PYTHONHOME: '/nonexistent' }, code: 'print(1)', shows: 'Fatal Python error' },
  { env: { PYTHONHASHSEED: 'bad' }, code: 'print(1)', shows: 'PYTHONHASHSEED must be "random"' },
  { env: { PYTHONIOENCODING: 'bad' }, code: 'print(1)', shows: 'unknown encoding: bad' },
]

const FILES = [
  { path: 'own.py', content: 'NAME = "own"\n' },
  { path: 'broken.so', content: 'x' },
  { path: 'lib/m.py', content: 'X = 5\n' },
  { path: 'customized/sitecustomize.py', content: 'print("customized")\n' },
]

/** Runs all programs as a shell does; /tmp/oracle has the files there, and here a link to the folder. */
const ORACLE = `
import json, os, shutil, subprocess, sys
shutil.copytree('.', '/tmp/oracle')
os.chdir('/tmp/oracle')
ends = []
for case in json.loads(sys.stdin.read()):
    with open('main.py', 'w') as file:
        file.write(case['code'])
    end = subprocess.run(['python3', 'main.py'], env={**os.environ, **case['env']}, capture_output=True)
    ends.append([end.returncode, end.stdout.decode(errors='replace'), end.stderr.decode(errors='replace')])
    for name in ('x', 'cache'):
        subprocess.run(['rm', '-rf', name])
print(json.dumps(ends))
`

/** What differs from run to run, and where the folder is. */
function comparable(text: string): string {
  return text
    .replaceAll(/"\/tmp\/(oracle|work)\/main\.py"/g, '"main.py"')
    .replaceAll(/\/tmp\/(oracle|work)\b/g, '/tmp/work')
    .replaceAll(/^\/tmp\/work\/main\.py:/gm, 'main.py:')
    .replaceAll(/0x[0-9a-f]+/g, '0x')
    .replaceAll(/^import time: +\d+ \| +\d+ \|/gm, 'import time:')
}

let server: Server
let ends: [number, string, string][]
beforeAll(async () => {
  server = await startServer()
  const stdin = JSON.stringify(CASES)
  const oracle = await server.run({ code: ORACLE, files: FILES, stdin })
  expect(oracle).toMatchObject({ status: 'ok', stderr: '' })
  ends = JSON.parse(oracle.output)
})
afterAll(() => server.stop())

const SEED = { PYTHONHASHSEED: '0' }

const run = (code: string, env: Record<string, string>, given: object = {}): Promise<Outcome> =>
  server.run({ code, env, ...given })

describe('a variable that is read at the start', () => {
  it.each(CASES.map((given, index) => ({ ...given, index, name: JSON.stringify(given.env) })))(
    'means what it means in a shell: $name',
    async ({ env, code, shows, index }) => {
      const [exitCode, output, stderr] = ends[index] ?? []
      const inWork = Object.entries(env).map(([name, value]) => [
        name,
        value.replace('/tmp/oracle', '/tmp/work'),
      ])
      const outcome = await run(code, Object.fromEntries(inWork), { files: FILES })
      expect(outcome.exitCode).toBe(exitCode)
      expect(comparable(outcome.output)).toBe(comparable(output?.replace(/\n$/, '') ?? ''))
      // With PYTHONVERBOSE, Python tells of each module of its own at the end, and in another order.
      if (!env.PYTHONVERBOSE) expect(comparable(outcome.stderr)).toBe(comparable(stderr ?? ''))
      expect(`${outcome.output}${outcome.stderr}`).toMatch(shows)
    },
  )
})

describe('the new interpreter', () => {
  it('has what the other one has: arguments, input, descriptors, folder, environment', async () => {
    const code = `import os, sys
print(sys.argv, sys.stdin.read(), os.getcwd(), __file__, sys.path[0], sorted(os.listdir("/proc/self/fd")))
print(sys.executable, __name__, os.getsid(0) == os.getpid(), open("/proc/self/oom_score_adj").read().strip())
names = ("NoNewPrivs", "Seccomp", "CapEff", "SigIgn", "SigBlk")
print([line for line in open("/proc/self/status") if line.startswith(names)])
print(sorted(set(os.environ) - {"PYTHONHASHSEED", "A", "HOSTNAME"}), os.environ["A"])`
    const given = { args: ['1', 'b c'], stdin: 'text' }
    const warm = await run(code, { A: 'ä' }, given)
    expect(warm.output).toContain("['main.py', '1', 'b c'] text /tmp/work")
    expect(warm).toMatchObject({ status: 'ok', stderr: '' })
    const fresh = await run(code, { A: 'ä', ...SEED }, given)
    expect({ ...fresh, id: '' }).toMatchObject({ output: warm.output, status: 'ok', stderr: '' })
  })

  it('shows the last expression', async () => {
    const outcome = await run('{"a": 1}', SEED, { displayLastExpression: true })
    expect(outcome).toMatchObject({ displays: [{ mime: 'text/plain', data: "{'a': 1}" }] })
  })

  it('that can’t start is told by its variables; Python’s own words are on stderr', async () => {
    expect(await run('print(1)', { PYTHONHASHSEED: 'x', LANG: 'C' })).toMatchObject({
      status: 'error',
      exitCode: 1,
      output: '',
      error: 'Python could not start with PYTHONHASHSEED, LANG: see stderr',
    })
  })

  it('takes no module of the program’s for its own, whatever is on its path', async () => {
    const names = [
      'mmap',
      'marshal',
      'traceback',
      'display',
      'program',
      'time',
      'itertools',
      '_imp',
    ]
    const files = names.map((name) => ({ path: `${name}.py`, content: `print("${name}")` }))
    const outcome = await run('1 / 0', { PYTHONPATH: '.' }, { files })
    expect(outcome).toMatchObject({ output: '', error: 'ZeroDivisionError: division by zero' })
  })

  it('gives the code that Python runs before the program no hold on the runner', async () => {
    const content = `import os
for fd in (3, 4):
    for change in (lambda: os.ftruncate(fd, 0), lambda: os.ftruncate(fd, 1 << 20)):
        try: print(change())
        except PermissionError: print("refused")
kept = os.dup(4)
try: print(os.listdir(f"/proc/{os.getppid()}/fd"))
except PermissionError: print("refused")`
    const code = `import os, sys
kept = sys.modules["sitecustomize"].kept
os.write(kept, b"\\xff" * 8192)
try: os.ftruncate(kept, 0)
except PermissionError: print("refused")
os._exit(3)`
    const files = [{ path: 'sitecustomize.py', content }]
    const outcome = await run(code, { PYTHONPATH: '.' }, { files })
    expect(outcome.output).toBe(Array(6).fill('refused').join('\n'))
    expect(outcome).toMatchObject({ status: 'error', exitCode: 3 })
  })

  it('has the time limit of the run, its own start included', async () => {
    const files = [{ path: 'sitecustomize.py', content: 'while True: pass' }]
    const given = { files, timeoutSeconds: 0.5 }
    expect(await run('print(1)', { PYTHONPATH: '.' }, given)).toMatchObject({
      status: 'timeout',
      output: '',
    })
  })

  it('is not needed by other variables', async () => {
    const code = 'import os, sys, time\nprint(sys.flags.isolated, os.environ["A"], time.tzname[0])'
    expect((await run(code, { A: 'b', TZ: 'Asia/Shanghai', LC_TIME: 'C' })).output).toBe('1 b CST')
    expect((await run(code, { A: 'b', TZ: 'Asia/Shanghai', ...SEED })).output).toBe('0 b CST')
  })

  it('finds the packages of the user in HOME', async () => {
    const files = [{ path: 'home/.local/lib/python3.13/site-packages/m.py', content: 'X = 5' }]
    const outcome = await run('import m\nprint(m.X)', { HOME: '/tmp/work/home' }, { files })
    expect(outcome).toMatchObject({ output: '5' })
  })

  it('is refused variables that are too long for it', async () => {
    const response = await server.post({ code: 'x', env: { ...SEED, A: 'x'.repeat(131_070) } })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error:
        'env.A: is too long beside PYTHONHASHSEED, which needs a new process: at most 131072 bytes',
    })
    const code = 'import os; print(len(os.environ["A"]))'
    expect((await run(code, { A: 'x'.repeat(131_069), ...SEED })).output).toBe('131069')
    expect((await run(code, { A: 'x'.repeat(200_000) })).output).toBe('200000')
  })
})
