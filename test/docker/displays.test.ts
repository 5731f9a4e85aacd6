// What programs show as they do in a notebook: the last expression, `display` and the module `IPython.display`.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'

let server: Server
beforeAll(async () => {
  server = await startServer({ ENVIRONMENTS: 'python,data', POOL_SIZE: '2' })
})
afterAll(() => server.stop())

const text = (data: string) => ({ mime: 'text/plain', data })

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
    ['5;', []],
    ['(5\n);  # not this ; one', []],
    ['5  # not ; this', [{ mime: 'text/plain', data: '5' }]],
    ['"a;"', [{ mime: 'text/plain', data: "'a;'" }]],
    ['"é"; "é" ;', []],
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

describe.each(['python', 'data'])('display in the environment %s', (environment) => {
  const shown = async (code: string) => {
    const outcome = await server.run({ code, environment, displayLastExpression: true })
    expect(outcome).toMatchObject({ status: 'ok', stderr: '' })
    return outcome.displays
  }

  it.each([
    ['display(1); display("two", [3])', ['1', "'two'", '[3]'].map(text)],
    ['print(display(None))\ndisplay()', [text('None')]],
    ['import builtins\nbuiltins.display(1)', [text('1')]],
    ['from IPython.display import display\ndisplay(1)\n2', [text('1'), text('2')]],
    [
      'from IPython.core.display import HTML, display\ndisplay(HTML("<b>1</b>"))',
      [{ mime: 'text/html', data: '<b>1</b>' }],
    ],
    ['import IPython\nIPython.display.HTML("<b>1</b>")', [{ mime: 'text/html', data: '<b>1</b>' }]],
    ['from IPython import display\ndisplay.display(display.Pretty("p"))', [text('p')]],
    ['from IPython import get_ipython\nprint(get_ipython())', []],
    [
      'from IPython.display import Markdown\nMarkdown("# *é*")',
      [{ mime: 'text/markdown', data: '# *é*' }],
    ],
    ['from IPython.display import Latex\nLatex("$x$")', [{ mime: 'text/latex', data: '$x$' }]],
    [
      'from IPython.display import Math\nMath(r"\\frac{1}{2}")',
      [{ mime: 'text/latex', data: '$\\displaystyle \\frac{1}{2}$' }],
    ],
    [
      'from IPython.display import JSON\nJSON({"a": [1, None]})',
      [{ mime: 'application/json', data: '{"a": [1, null]}' }],
    ],
    ['from IPython.display import JSON\nJSON([])', [{ mime: 'application/json', data: '[]' }]],
    [
      'from IPython.display import SVG\nSVG("<?xml version=\'1.0\'?><svg/>")',
      [{ mime: 'image/svg+xml', data: '<svg/>' }],
    ],
    [
      'from IPython.display import Image\nImage(data=b"\\x89PNG\\r\\n\\x1a\\n")',
      [{ mime: 'image/png', data: 'iVBORw0KGgo=' }],
    ],
    [
      'open("a.gif", "wb").write(b"GIF89a")\nfrom IPython.display import Image\nImage(filename="a.gif")',
      [{ mime: 'image/gif', data: 'R0lGODlh' }],
    ],
    [
      'open("a.jpg", "wb").write(b"\\xff\\xd8\\xff")\nfrom IPython.display import Image\nImage("a.jpg", width=9)',
      [{ mime: 'image/jpeg', data: '/9j/' }],
    ],
    [
      'display({"text/plain": "p", "text/html": "<i>h</i>"}, raw=True)',
      [{ mime: 'text/html', data: '<i>h</i>' }],
    ],
    [
      'class A:\n  def _repr_mimebundle_(self, include=None, exclude=None): return {"image/png": "iVBORw0KGgo=", "text/plain": "a"}, {}\nA()',
      [{ mime: 'image/png', data: 'iVBORw0KGgo=' }],
    ],
    [
      'class A:\n  def _repr_mimebundle_(self, **kwargs): return {"text/plain": "a"}\n  def _repr_html_(self): return None\n  def _repr_markdown_(self): return "m"\nA()',
      [{ mime: 'text/markdown', data: 'm' }],
    ],
    ['class A:\n  def _ipython_display_(self): display("own")\nA()', [text("'own'")]],
    [
      'class A:\n  def __getattr__(self, name): return lambda **_: "any"\n  def __repr__(self): return "a"\nA()',
      [text('a')],
    ],
  ])('%j', async (code, displays) => {
    expect(await shown(code)).toEqual(displays)
  })

  it.each([
    ['a handle', 'h = display(1, display_id=True); display(2); h.update(3)', ['3', '2']],
    [
      'an id',
      'display(1, display_id="x"); display(2)\nfrom IPython.display import update_display\nupdate_display(3, display_id="x")',
      ['3', '2'],
    ],
    [
      'an unknown id',
      'from IPython.display import update_display\nupdate_display(3, display_id="x")',
      [],
    ],
    [
      'clear_output',
      'from IPython.display import clear_output\ndisplay(1); clear_output(); display(2)',
      ['2'],
    ],
    [
      'clear_output(wait=True)',
      'from IPython.display import clear_output\nfor n in range(5): clear_output(wait=True); display(n)',
      ['4'],
    ],
    [
      'no further output',
      'from IPython.display import clear_output\ndisplay(1); clear_output(wait=True)',
      ['1'],
    ],
  ])('is replaced by %s', async (_, code, values) => {
    expect(await shown(code)).toEqual(values.map(text))
  })

  it('replaces one of another type', async () => {
    const code =
      'from IPython.display import HTML\nh = display(1, display_id=True); h.update(HTML("<b>2</b>"))'
    expect(await shown(code)).toEqual([{ mime: 'text/html', data: '<b>2</b>' }])
  })

  it.each([
    'Audio([0, 1], rate=8000)',
    'Video("a.mp4")',
    'IFrame("https://example.com", 1, 1)',
    'YouTubeVideo("x")',
    'Javascript("alert(1)")',
    'Image(url="https://example.com/a.png")',
    'Image("https://example.com/a.png")',
    'HTML("<div id=\'a\'></div><script>draw()</script>")',
    'FileLink("a.csv")',
  ])('says in one sentence that it has no %s', async (code) => {
    const displays = await shown(`from IPython.display import *\n${code}`)
    expect(displays).toEqual([text(expect.stringMatching(/^[A-Z][^\n]+\.$/))])
  })

  it.each([
    '{"application/vnd.plotly.v1+json": {}, "text/html": "<div></div><script>Plotly.newPlot()</script>"}',
    '{"application/vnd.vegalite.v5+json": {}, "text/plain": "<VegaLite 5 object>"}',
    '{"text/html": "<style>p{}</style><div>&nbsp;</div><SCRIPT src=a.js></SCRIPT>", "text/plain": "p"}',
    '{"application/javascript": "alert(1)", "text/plain": "p"}',
  ])('says that %j needs a script', async (bundle) => {
    const code = `class Chart:
    def _repr_mimebundle_(self, include=None, exclude=None): return ${bundle}
Chart()`
    expect(await shown(code)).toEqual([
      text('This display (Chart) needs JavaScript, which is not run here.'),
    ])
  })

  it('shows the form without a script if there is one, and what is visible of HTML', async () => {
    const code = `display({"text/html": "<script>1</script>", "image/svg+xml": "<svg/>"}, raw=True)
display({"text/html": "<p>Text</p><script>1</script>"}, raw=True)`
    expect(await shown(code)).toEqual([
      { mime: 'image/svg+xml', data: '<svg/>' },
      { mime: 'text/html', data: expect.stringMatching(/^<p>Text<\/p>.*JavaScript/) },
    ])
  })

  it('leaves uploaded modules of these names alone', async () => {
    const files = ['IPython.py', 'display.py', 'sandbox_display.py'].map((path) => ({
      path,
      content: 'NAME = "mine"',
    }))
    const code =
      'import IPython, display, sandbox_display\nprint(IPython.NAME, display.NAME, sandbox_display.NAME)'
    expect(await server.run({ code, environment, files })).toMatchObject({
      output: 'mine mine mine',
      status: 'ok',
    })
  })

  it('is a name that a program may use', async () => {
    expect(await shown('display = 5\nprint(display)\ndisplay')).toEqual([text('5')])
  })

  it('fails with the program’s own lines only', async () => {
    const code = `from IPython.display import Image
class A:
    def _repr_html_(self): return 1 / 0
try: Image("missing.png")
except FileNotFoundError as error: print(error.filename)
display(A())`
    const outcome = await server.run({ code, environment })
    expect(outcome).toMatchObject({
      output: 'missing.png',
      error: 'ZeroDivisionError: division by zero',
    })
    expect(outcome.stderr.match(/File "[^"]+", line \d+/g)).toEqual([
      ...['File "main.py", line 6', 'File "main.py", line 3'],
    ])
  })
})

describe('values of the libraries', () => {
  const run = (code: string) =>
    server.run({ code, environment: 'data', displayLastExpression: true, timeoutSeconds: 10 })

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
    [
      'import pandas as pd\npd.DataFrame({"a": [1, 2]}).style.highlight_max()',
      'text/html',
      /background-color: yellow/,
    ],
    ['import pandas as pd\ndisplay(pd.DataFrame({"a": [1]}))', 'text/html', /<table/],
    ['from sklearn.linear_model import Ridge\nRidge(alpha=2)', 'text/html', /Ridge\(alpha=2\)/],
    [
      'import numpy as np, statsmodels.api as sm\nsm.OLS(np.arange(9.0), np.ones(9)).fit().summary()',
      'text/html',
      /OLS Regression Results/,
    ],
    ['import sympy\nsympy.init_printing()\nsympy.pi / 2', 'text/latex', /\\frac\{\\pi\}\{2\}/],
    ['import xarray\nxarray.DataArray([1, 2])', 'text/html', /xarray\.DataArray/],
  ])('are the last expression’s rich form: %j', async (code, mime, data) => {
    const { displays } = await run(code)
    expect(displays).toEqual([{ mime, data: expect.stringMatching(data) }])
  })
})
