import { describe, expect, it } from 'vitest'
import {
  type EnvironmentModules,
  hintFor,
  normalizedPackage,
  problemOf,
} from '../../../src/run/hint.ts'
import type { Outcome } from '../../../src/run/outcome.ts'

const environment = (name: string, modules: string[], packages = modules): EnvironmentModules => ({
  name,
  modules: new Set(modules),
  packages: new Set(packages.map(normalizedPackage)),
})

const ENVIRONMENTS = [
  environment('python', ['json', 'sys'], []),
  environment(
    'data',
    ['json', 'matplotlib', 'PIL', 'sklearn'],
    ['matplotlib', 'pillow', 'scikit-learn'],
  ),
  environment('my models', ['sklearn', 'torch'], ['scikit_learn', 'torch']),
]
const NOTHING = hintFor({ kind: 'install', name: null }, 'python', [])
const NO_NETWORK = 'Programs here have no network'

type Given = Partial<Pick<Outcome, 'status' | 'error' | 'stderr'>>

function hint(
  { status = 'error', error = '', stderr = '' }: Given,
  paths: string[] = [],
  own = 'python',
) {
  const problem = problemOf(
    { status, error, stderr },
    paths.map((path) => ({ path })),
  )
  return problem ? hintFor(problem, own, ENVIRONMENTS) : ''
}
const missing = (name: string) => ({ error: `ModuleNotFoundError: No module named '${name}'` })

describe('a missing module', () => {
  it.each([
    ['matplotlib', 'matplotlib is in the environment `data`'],
    ['PIL', 'PIL is in the environment `data`'],
    ['sklearn', 'sklearn is in the environments `data` and `my models`'],
    ['nobody_has_it', NOTHING],
    ['pillow', NOTHING],
  ])('%s', (name, expected) => {
    expect(hint(missing(name))).toBe(expected)
  })

  it('that an optional part of a library needs', () => {
    const error =
      "ImportError: Missing optional dependency 'torch'.  Use pip or conda to install torch."
    expect(hint({ error })).toBe('torch is in the environment `my models`')
  })

  it('is asked for by one sentence that says what to do', () => {
    expect(NOTHING).toMatch(/^Nothing can be installed at run time\. /)
    expect(NOTHING).toContain('GET /environments')
  })

  it.each([
    ['a submodule', missing('matplotlib.nothing'), []],
    [
      'a submodule of a module',
      { error: "ModuleNotFoundError: No module named 'json.x'; 'json' is not a package" },
      [],
    ],
    ['a file of the program’s', missing('torch'), ['lib/torch.py']],
    ['a folder of the program’s', missing('torch'), ['lib/torch/__init__.py']],
    ['what its own environment has', missing('json'), []],
    ['another message', { error: "NameError: name 'matplotlib' is not defined" }, []],
    ['a message in the middle', { error: `ValueError: ${missing('torch').error}` }, []],
    ['no identifier', missing('a b<script>'), []],
    ['a name too long to be one', missing('x'.repeat(65)), []],
    ['a success', { ...missing('torch'), status: 'ok' as const }, []],
    ['a timeout', { ...missing('torch'), status: 'timeout' as const }, []],
  ])('gives no hint: %s', (_, given, paths) => {
    expect(hint(given, paths)).toBe('')
  })

  it('is said to be nowhere while the other environments are not known', () => {
    expect(hintFor({ kind: 'module', name: 'torch' }, 'python', [])).toBe(NOTHING)
  })

  it('names three environments at most', () => {
    const many = Array.from({ length: 5 }, (_, n) => environment(`e${n}`, ['torch']))
    expect(hintFor({ kind: 'module', name: 'torch' }, 'python', many)).toBe(
      'torch is in the environments `e0`, `e1` and `e2`',
    )
  })
})

/** As Python shows a line that it can't parse. */
const invalid = (line: string): Given => ({
  error: 'SyntaxError: invalid syntax',
  stderr: `  File "main.py", line 1\n    ${line}\n    ^\nSyntaxError: invalid syntax\n`,
})

describe('an attempt to install', () => {
  it.each([
    ['!pip', invalid('!pip install matplotlib'), 'matplotlib is in the environment `data`'],
    [
      '%pip',
      invalid('%pip install -q "scikit-learn>=1.2"'),
      'scikit-learn is in the environments `data` and `my models`',
    ],
    [
      'pip as a statement',
      invalid('pip install Scikit_Learn==1'),
      'Scikit_Learn is in the environments `data` and `my models`',
    ],
    ['of what nobody has', invalid('!pip3 install requests'), NOTHING],
    ['of a file of names', invalid('!pip install -r requirements.txt'), NOTHING],
    ['through a module', { error: "ModuleNotFoundError: No module named 'pip'" }, NOTHING],
    [
      'by a list',
      {
        error:
          "CalledProcessError: Command '['/usr/bin/python3', '-m', 'pip', 'install', 'torch']' returned non-zero exit status 1.",
      },
      'torch is in the environment `my models`',
    ],
    [
      'by a shell',
      {
        error: "CalledProcessError: Command 'pip install torch' returned non-zero exit status 127.",
      },
      'torch is in the environment `my models`',
    ],
    [
      'by its name',
      { error: "FileNotFoundError: [Errno 2] No such file or directory: 'pip'" },
      NOTHING,
    ],
    [
      'in vain, the program went on',
      { status: 'ok', stderr: '/usr/bin/python3: No module named pip\n' },
      NOTHING,
    ],
    [
      'in a shell, the program went on',
      { status: 'ok', stderr: 'sh: 1: pip: not found\n' },
      NOTHING,
    ],
  ] as [string, Given, string][])('%s', (_, given, expected) => {
    expect(hint(given)).toBe(expected)
  })

  it('of what is there says so', () => {
    expect(hint(invalid('!pip install matplotlib'), [], 'data')).toBe(
      'matplotlib is in this environment already: import it without installing it',
    )
  })

  it.each([
    ['another syntax error', invalid('x = = 1')],
    ['a word of the program', { ...invalid('x ='), stderr: 'pip is a seed\nSyntaxError: x' }],
    [
      'another file',
      { error: "FileNotFoundError: [Errno 2] No such file or directory: 'pipes.txt'" },
    ],
    ['a success that speaks of it', { status: 'ok', stderr: 'try pip install torch\n' }],
  ] as [string, Given][])('is not %s', (_, given) => {
    expect(hint(given)).toBe('')
  })
})

describe('a network error', () => {
  it.each([
    'socket.gaierror: [Errno -3] Temporary failure in name resolution',
    'gaierror: [Errno -2] Name or service not known',
    'urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>',
    "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='a.b', port=443): Max retries exceeded with url: / (Caused by NameResolutionError(\"<…>: Failed to resolve 'a.b'\"))",
    'httpx.ConnectError: [Errno -3] Temporary failure in name resolution',
    'OSError: [Errno 101] Network is unreachable',
  ])('%s', (error) => {
    expect(hint({ error })).toBe(NO_NETWORK)
  })

  it('may be the cause of what ended the program, or of what took its time', () => {
    const stderr = 'OSError: [Errno 101] Network is unreachable\n\nDuring handling …\nKeyError: 1\n'
    expect(hint({ error: 'KeyError: 1', stderr })).toBe(NO_NETWORK)
    expect(hint({ status: 'timeout', error: 'Execution timed out after 1 second', stderr })).toBe(
      NO_NETWORK,
    )
    expect(hint({ status: 'ok', stderr })).toBe('')
  })

  it.each([
    'ConnectionRefusedError: [Errno 111] Connection refused',
    "FileNotFoundError: [Errno 2] No such file or directory: 'network'",
    'TimeoutError: timed out',
  ])('is not %s', (error) => {
    expect(hint({ error })).toBe('')
  })
})

it('is found quickly in any text', () => {
  const started = performance.now()
  for (const part of [
    'pip ',
    "Command '",
    '[Errno ',
    "Command 'pip install ",
    '! % ',
    '\n!pip install \n',
    "No such file or directory: '/",
  ]) {
    const text = part.repeat(1e6 / part.length)
    problemOf({ status: 'error', error: `SyntaxError: ${text.slice(0, 8192)}`, stderr: text }, [])
  }
  expect(performance.now() - started).toBeLessThan(1000)
})

describe('the time that a search takes', () => {
  it.each([
    ['blanks', 'SyntaxError: x', ' '.repeat(4096)],
    ['beginnings of a command', `SyntaxError: ${"Command 'pip install ".repeat(390)}`, ''],
    ['the same on stderr', 'ValueError: x', "Command 'pip install ".repeat(390)],
  ])('does not grow with the square of %s', (_, error, stderr) => {
    const outcome = { status: 'error' as const, error, stderr }
    problemOf(outcome, [])
    const { user } = process.cpuUsage()
    for (let turn = 0; turn < 20; turn += 1) problemOf(outcome, [])
    // A square takes 50 ms and more for one of them.
    expect((process.cpuUsage().user - user) / 20 / 1000).toBeLessThan(10)
  })
})
