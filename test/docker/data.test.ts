// The environment `data`: its libraries are there, warm, and what a program shows comes back.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'

const PNG = Buffer.from('89504e470d0a1a0a', 'hex')

let server: Server
beforeAll(async () => {
  server = await startServer({ ENVIRONMENTS: 'python,data', POOL_SIZE: '4' })
})
afterAll(() => server.stop())

const run = (code: string, given: object = {}) =>
  server.run({ code, environment: 'data', ...given })

const isPng = (data: string) => Buffer.from(data, 'base64').subarray(0, 8).equals(PNG)

describe('the libraries', () => {
  it('are all there, and their import costs a program nothing', async () => {
    await run('pass') // whatever comes after has waited
    const outcome = await run(
      `import time
started = time.perf_counter()
import numpy, pandas, matplotlib.pyplot, scipy, sympy, PIL.Image
print((time.perf_counter() - started) < 0.02)
print(pandas.Series(numpy.arange(5)).sum(), sympy.sqrt(8), PIL.Image.new("L", (2, 3)).size)
import scipy.optimize
print(round(scipy.optimize.brentq(lambda x: x * x - 2, 0, 2), 6))`,
    )
    expect(outcome).toMatchObject({ status: 'ok', output: 'True\n10 2*sqrt(2) (2, 3)\n1.414214' })
  })

  it('have their own memory limit, and it is the one that is named', async () => {
    const code = 'import numpy\nx = []\nwhile True: x.append(numpy.ones(10**6))'
    expect(await run(code)).toMatchObject({
      status: 'oom',
      error: 'Container killed by memory limit (256 MB)',
    })
    expect((await run('x = bytearray(90 * 2**20)\nprint(1)')).output).toBe('1')
  })

  it('start anew for each run: random numbers differ', async () => {
    const code = 'import numpy, random\nprint(numpy.random.rand(), random.random(), hash("a"))'
    const outputs = await Promise.all([run(code), run(code), run(code)])
    expect(new Set(outputs.map(({ output }) => output)).size).toBe(3)
  })

  it('give way to uploaded files of their names', async () => {
    const files = [
      { path: 'sympy.py', content: 'NAME = "mine"' },
      { path: 'random.py', content: 'NAME = "mine too"' },
    ]
    const code = `import sympy, random, pandas
print(sympy.NAME, random.NAME, pandas.DataFrame({"a": [1, 2]}).a.sum())`
    expect(await run(code, { files })).toMatchObject({ output: 'mine mine too 3' })
  })

  it('leave an end like any other: atexit, threads, destructors', async () => {
    const code = `import atexit, threading, time
class Last:
    def __del__(self): print("deleted")
last = Last()
atexit.register(print, "atexit")
threading.Thread(target=lambda: (time.sleep(0.1), print("thread"))).start()
print("end")`
    expect((await run(code)).output).toBe('end\nthread\natexit\ndeleted')
  })

  it('are in no other environment', async () => {
    const outcome = await server.run({ code: 'import numpy' })
    expect(outcome.error).toBe("ModuleNotFoundError: No module named 'numpy'")
  })
})

describe('displays', () => {
  it('are figures that were shown, in order, and those left open at the end', async () => {
    const outcome = await run(`import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.show()
print(plt.get_fignums())
plt.figure(figsize=(1, 1)); plt.savefig("saved.png"); plt.close()
plt.figure(figsize=(1, 1))`)
    expect(outcome).toMatchObject({ status: 'ok', output: '[]', stderr: '' })
    expect(outcome.displays.map(({ mime, data }) => [mime, isPng(data)])).toEqual([
      ['image/png', true],
      ['image/png', true],
    ])
    expect(outcome.displays[0]?.data.length).toBeGreaterThan(outcome.displays[1]?.data.length ?? 0)
  })

  it.each([
    ['an exception', 'plt.plot([1])\n1 / 0', 'error', 1],
    ['sys.exit', 'plt.plot([1])\nimport sys; sys.exit(3)', 'error', 1],
    [
      'a timeout, as far as shown',
      'plt.figure(); plt.show(); plt.figure()\nwhile True: pass',
      'timeout',
      1,
    ],
    ['a fork', 'import os\nplt.figure()\nif os.fork() == 0: exit()\nos.wait()', 'ok', 1],
    ['another backend', 'import matplotlib; matplotlib.use("Agg")\nplt.plot([1])', 'ok', 1],
  ])('come back after %s', async (_, code, status, count) => {
    const given = { timeoutSeconds: 5 }
    const outcome = await run(`import matplotlib.pyplot as plt\n${code}`, given)
    expect(outcome.status).toBe(status)
    expect(outcome.displays.map(({ mime }) => mime)).toEqual(Array(count).fill('image/png'))
  })

  it('come back of a new interpreter, which loads the libraries when they are imported', async () => {
    const env = { PYTHONHASHSEED: '0' }
    const code = `import sys
print([name for name in ("numpy", "pandas", "matplotlib") if name in sys.modules])
import matplotlib.pyplot as plt
plt.plot([1]); plt.show()
print(plt.get_fignums())
plt.figure()`
    const outcome = await run(code, { env })
    expect(outcome).toMatchObject({ status: 'ok', output: '[]\n[]', stderr: '' })
    expect(outcome.displays.map(({ data }) => isPng(data))).toEqual([true, true])
    const table = await run('import pandas as pd\npd.DataFrame({"a": [1]})', {
      env,
      displayLastExpression: true,
    })
    expect(table.displays).toMatchObject([{ mime: 'text/html' }])
  })

  it('come back of every process of a program', async () => {
    const outcome = await run(`import matplotlib.pyplot as plt
from multiprocessing import Pool
def draw(n):
    plt.figure(figsize=(0.5, 0.5)); plt.show()
with Pool(2) as pool: pool.map(draw, range(3))`)
    expect(outcome).toMatchObject({ status: 'ok', stderr: '' })
    expect(outcome.displays).toHaveLength(3)
  })

  it('are told of where one of them can not be drawn, and the others come back', async () => {
    const outcome = await run(`import matplotlib.pyplot as plt
plt.title(r"$\\frac{1}$")
plt.figure()
print(len(plt.get_fignums()))`)
    expect(outcome).toMatchObject({ status: 'ok', output: '2' })
    expect(outcome.stderr).toContain('Figure 1 could not be drawn: ValueError')
    expect(outcome.displays).toHaveLength(1)
    const shown = await run(
      'import matplotlib.pyplot as plt\nplt.title(r"$\\frac{1}$")\nplt.show()',
    )
    expect(shown.status).toBe('error')
    expect(shown.stderr).not.toContain('<sandbox>')
  })

  it('are bounded in number, and the rest is counted', async () => {
    const code = `import matplotlib.pyplot as plt
for _ in range(34): plt.figure(figsize=(0.5, 0.5)); plt.show()`
    const outcome = await run(code)
    expect(outcome.displays).toHaveLength(32)
    expect(outcome.displaysOmittedCount).toBe(2)
  })

  it.each([
    [
      'import pandas as pd\npd.DataFrame({"a": [1]})',
      'text/html',
      /^<div>[\s\S]*<table[\s\S]*<\/div>$/,
    ],
    [
      'import sympy\nsympy.sqrt(sympy.Symbol("x"))',
      'text/latex',
      /^\$\\displaystyle \\sqrt\{x\}\$$/,
    ],
    ['from PIL import Image\nImage.new("L", (1, 1))', 'image/png', /^iVBOR/],
    ['import pandas as pd\npd.Series([7]).sum()', 'text/plain', /^np\.int64\(7\)$/],
  ])('are the last expression’s rich form: %j', async (code, mime, data) => {
    const { displays } = await run(code, { displayLastExpression: true })
    expect(displays).toEqual([{ mime, data: expect.stringMatching(data) }])
  })
})

describe('the last expression, in any environment', () => {
  const last = (code: string) => server.run({ code, displayLastExpression: true })

  it.each([
    ['x = 5\nx + 1', [{ mime: 'text/plain', data: '6' }]],
    ['"text"', [{ mime: 'text/plain', data: "'text'" }]],
    [
      'class A:\n  def _repr_html_(self): return "<b>é</b>"\nA()',
      [{ mime: 'text/html', data: '<b>é</b>' }],
    ],
    ['None', []],
    ['x = 5', []],
    ['# nothing', []],
  ])('%j', async (code, displays) => {
    expect(await last(code)).toMatchObject({ status: 'ok', stderr: '', displays })
  })

  it('stays where it is, unless it is asked for', async () => {
    expect(await server.run({ code: '5' })).toMatchObject({ status: 'ok', displays: [] })
  })

  it('is evaluated once', async () => {
    expect(await last('print("once")')).toMatchObject({ output: 'once', displays: [] })
  })

  it('fails like any other, with its own line and no frame of ours', async () => {
    const { error, stderr } = await last('def f():\n    return 1 / 0\nf()')
    expect(error).toBe('ZeroDivisionError: division by zero')
    expect(stderr.match(/File "[^"]+", line \d+/g)).toEqual([
      ...['File "main.py", line 3', 'File "main.py", line 2'],
    ])
    const repr = await last('class A:\n  def __repr__(self): return 1 / 0\nA()')
    expect(repr.stderr.match(/File "[^"]+", line \d+/g)).toEqual(['File "main.py", line 2'])
  })
})

describe('GET /environments', () => {
  it('lists both with Python, packages and limits', async () => {
    const response = await fetch(`${server.url}/environments`)
    expect(response.status).toBe(200)
    const { environments } = (await response.json()) as { environments: Record<string, unknown>[] }
    expect(environments).toMatchObject([
      { name: 'python', default: true, packages: {}, limits: { memoryBytes: 128 * 2 ** 20 } },
      { name: 'data', default: false, limits: { memoryBytes: 256 * 2 ** 20 } },
    ])
    for (const { python } of environments) expect(python).toMatch(/^3\.13\.\d+$/)
    for (const name of ['numpy', 'pandas', 'matplotlib', 'scipy', 'sympy', 'pillow']) {
      expect(environments[1]).toHaveProperty(['packages', name], expect.stringMatching(/^\d+\.\d+/))
    }
  })
})
