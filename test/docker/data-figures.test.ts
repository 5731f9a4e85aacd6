// Figures of the environment `data`: those that a program shows or leaves open come back, whatever backend it asks for.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'

const PNG = Buffer.from('89504e470d0a1a0a', 'hex')

let server: Server
beforeAll(async () => {
  server = await startServer({ ENVIRONMENTS: 'python,data', POOL_SIZE: '4' })
})
afterAll(() => server.stop())

const run = (code: string, given: object = {}) =>
  server.run({ code, environment: 'data', timeoutSeconds: 10, ...given })

const types = async (code: string, given: object = {}) => {
  const outcome = await run(code, given)
  expect(outcome).toMatchObject({ status: 'ok', stderr: '' })
  return outcome.displays.map(({ mime }) => mime)
}

const isPng = (data: string) => Buffer.from(data, 'base64').subarray(0, 8).equals(PNG)

/** Number of frames of a GIF: each has one graphic control extension. */
const frames = (data: string) =>
  Buffer.from(data, 'base64').toString('latin1').split('\x21\xf9\x04').length - 1

describe('figures', () => {
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

  it('come back of a new interpreter, which loads the libraries when they are imported', async () => {
    const env = { PYTHONHASHSEED: '0' }
    const code = `import sys
print([name for name in ("numpy", "pandas", "matplotlib") if name in sys.modules])
import matplotlib.pyplot as plt
plt.plot([1]); plt.show()
print(plt.get_fignums())
plt.figure()
display({"a": 1})
plt.gcf()`
    const outcome = await run(code, { env, displayLastExpression: true })
    expect(outcome).toMatchObject({ status: 'ok', output: '[]\n[]', stderr: '' })
    expect(outcome.displays.map(({ mime }) => mime)).toEqual([
      'image/png',
      'text/plain',
      'image/png',
    ])
    const table = await run('import pandas as pd\npd.DataFrame({"a": [1]})', {
      env,
      displayLastExpression: true,
    })
    expect(table.displays).toMatchObject([{ mime: 'text/html' }])
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
  ])('come back after %s', async (_, code, status, count) => {
    const given = { timeoutSeconds: 5 }
    const outcome = await run(`import matplotlib.pyplot as plt\n${code}`, given)
    expect(outcome.status).toBe(status)
    expect(outcome.displays.map(({ mime }) => mime)).toEqual(Array(count).fill('image/png'))
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
})

describe('whatever backend a program asks for, figures come back', () => {
  const PLOT = 'plt.plot([1, 2]); plt.show()'
  it.each([
    'import matplotlib; matplotlib.use("Agg")\nimport matplotlib.pyplot as plt',
    'import matplotlib.pyplot as plt, matplotlib\nmatplotlib.use("TkAgg")',
    'import matplotlib as mpl; mpl.use("Qt5Agg", force=True)\nimport matplotlib.pyplot as plt',
    'import matplotlib.pyplot as plt; plt.switch_backend("agg")',
    'import matplotlib.pyplot as plt; plt.rcParams["backend"] = "WXAgg"',
    'import matplotlib.pyplot as plt; plt.switch_backend("MacOSX")',
    'import matplotlib; matplotlib.use("module://matplotlib_inline.backend_inline")\nimport matplotlib.pyplot as plt',
    'import matplotlib; matplotlib.use("nbAgg")\nimport matplotlib.pyplot as plt',
    'import matplotlib; matplotlib.use("svg")\nimport matplotlib.pyplot as plt',
    'import matplotlib; matplotlib.use("PDF")\nimport matplotlib.pyplot as plt',
    'import matplotlib; matplotlib.use("pgf")\nimport matplotlib.pyplot as plt',
    'import matplotlib; matplotlib.use("cairo")\nimport matplotlib.pyplot as plt',
    'import pylab as plt',
  ])('%j', async (start) => {
    expect(await types(`${start}\n${PLOT}; plt.close()`)).toEqual(['image/png'])
    expect(await types(`${start}\nplt.plot([1])`)).toEqual(['image/png'])
  })

  it.each(['Agg', 'TkAgg', 'module://matplotlib_inline.backend_inline', 'nonsense'])(
    'MPLBACKEND=%s in env',
    async (backend) => {
      const code = `import os, matplotlib.pyplot as plt\n${PLOT}\nprint(os.environ["MPLBACKEND"])`
      const outcome = await run(code, { env: { MPLBACKEND: backend } })
      expect(outcome).toMatchObject({ output: backend, displays: [{ mime: 'image/png' }] })
    },
  )

  it('and its name is the one that was asked for', async () => {
    const code = 'import matplotlib; matplotlib.use("TkAgg")\nprint(matplotlib.get_backend())'
    expect((await run(code)).output).toMatch(/^tkagg$/i)
  })

  it('but one that does not exist is refused as ever', async () => {
    const outcome = await run('import matplotlib\nmatplotlib.use("nonsense")')
    expect(outcome.error).toMatch(/^ValueError: 'nonsense' is not a valid value for backend/)
    expect(outcome.stderr).not.toContain('<sandbox>')
  })

  it('and windows can be named and sized', async () => {
    const code = `import matplotlib.pyplot as plt
manager = plt.get_current_fig_manager()
manager.window.showMaximized(); manager.window.wm_geometry("+0+0"); manager.full_screen_toggle()
manager.set_window_title("t"); manager.resize(300, 200)
plt.plot([1]); plt.show()`
    expect(await types(code)).toEqual(['image/png'])
  })

  it('also from a Python that the program starts', async () => {
    const code = `import subprocess, sys
open("plot.py", "w").write("import matplotlib.pyplot as plt\\nplt.plot([1]); plt.show()")
subprocess.run([sys.executable, "plot.py"], check=True)`
    expect(await types(code)).toEqual(['image/png'])
  })
})

describe('a figure comes back once', () => {
  it.each([
    ['saved and left open', 'fig.savefig("a.png")', 1],
    ['saved, then shown', 'plt.savefig("a.png"); plt.show()', 1],
    ['shown, then saved when it is gone', 'plt.show(); plt.savefig("a.png")', 1],
    ['shown twice', 'plt.show(); plt.show()', 1],
    ['shown without waiting and left open', 'fig.show()', 1],
    ['shown without waiting, then closed', 'plt.show(block=False); plt.close()', 1],
    ['shown without waiting, then changed', 'plt.show(block=False); ax.set_title("t");', 1],
    ['in interactive mode', 'plt.ion(); plt.show(); plt.draw(); plt.show()', 1],
    ['as the last expression, left open', 'fig', 1],
    ['displayed and left open', 'display(fig)', 1],
    ['displayed again after a change', 'display(fig); ax.set_title("t"); display(fig)', 2],
    ['never shown and closed', 'plt.close(fig)', 0],
    ['closed, then displayed', 'plt.close(fig); display(fig)', 1],
  ])('%s', async (_, code, count) => {
    const start = 'import matplotlib.pyplot as plt\nfig, ax = plt.subplots(); ax.plot([1, 2])\n'
    const shown = await types(start + code, { displayLastExpression: true })
    expect(shown).toEqual(Array(count).fill('image/png'))
  })

  it('and one that is updated while it is shown has its last state', async () => {
    const code = (end: string) => `import matplotlib.pyplot as plt
fig, ax = plt.subplots(figsize=(2, 1))
${end}`
    const updates =
      'plt.ion()\nfor n in range(5): ax.plot([0, n]); plt.pause(0.01)\nplt.ioff(); plt.show()'
    const updated = await run(code(updates))
    const plain = await run(code('for n in range(5): ax.plot([0, n])\nplt.show()'))
    expect(updated.displays).toEqual(plain.displays)
    expect(plain.displays).toHaveLength(1)
  })

  it('too large a one is returned smaller', async () => {
    const code = `import matplotlib.pyplot as plt, numpy as np
plt.figure(figsize=(40, 30), dpi=300); plt.imshow(np.random.rand(500, 500)); plt.show()`
    const outcome = await run(code)
    expect(outcome).toMatchObject({ status: 'ok', displaysOmittedCount: 0 })
    expect(isPng(outcome.displays[0]?.data ?? '')).toBe(true)
  })
})

describe('animations come back as GIF', () => {
  const START = `import matplotlib.pyplot as plt
from matplotlib.animation import ArtistAnimation, FuncAnimation
fig, ax = plt.subplots(figsize=(2, 1.5)); (line,) = ax.plot([0, 1], [0, 1])
def update(n):
    line.set_ydata([0, n]); return (line,)
`
  it.each([
    ['shown', 'ani = FuncAnimation(fig, update, frames=7)\nplt.show()', 7],
    ['left open', 'ani = FuncAnimation(fig, update, frames=7, blit=True)', 7],
    [
      'of artists',
      'ani = ArtistAnimation(fig, [ax.plot([0, n]) for n in range(4)])\nplt.show()',
      4,
    ],
    ['as an expression', 'plt.close()\nFuncAnimation(fig, update, frames=5)', 5],
    [
      'as a player with a script',
      'from IPython.display import HTML\nani = FuncAnimation(fig, update, frames=6); plt.close()\nHTML(ani.to_jshtml())',
      6,
    ],
    [
      'saved and left open',
      'ani = FuncAnimation(fig, update, frames=6)\nani.save("a.gif", writer="pillow", fps=5)',
      6,
    ],
  ])('%s', async (_, code, count) => {
    const outcome = await run(START + code, { displayLastExpression: true })
    expect(outcome).toMatchObject({ status: 'ok', stderr: '', displays: [{ mime: 'image/gif' }] })
    expect(frames(outcome.displays[0]?.data ?? '')).toBe(count)
  })

  it('that is bounded, and takes frames from all of a long one', async () => {
    const code = `${START}seen = []
def note(n):
    seen.append(n); return update(n)
ani = FuncAnimation(fig, note, frames=240)
plt.show()
print(max(seen))`
    const outcome = await run(code)
    expect(outcome).toMatchObject({ status: 'ok', displays: [{ mime: 'image/gif' }] })
    expect(frames(outcome.displays[0]?.data ?? '')).toBeLessThanOrEqual(60)
    expect(Number(outcome.output)).toBeGreaterThan(60)
  })

  it('that is said to be cut if it has no end', async () => {
    const code = `${START}import itertools
ani = FuncAnimation(fig, update, frames=itertools.count, cache_frame_data=False)
plt.show()`
    const outcome = await run(code)
    expect(outcome).toMatchObject({ status: 'ok', displays: [{ mime: 'image/gif' }] })
    expect(outcome.stderr).toMatch(/^The animation was returned with its first \d+ frames\.$/m)
  })

  it('and are saved as files as ever', async () => {
    const code = `${START}ani = FuncAnimation(fig, update, frames=3)
ani.save("a.gif"); plt.close()`
    const { files, stderr } = await run(code, { outputFiles: ['a.gif'] })
    expect(stderr).toBe('')
    expect(frames(files[0]?.content ?? '')).toBe(3)
  })
})
