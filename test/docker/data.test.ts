// The environment `data`: its libraries are there, and the most used ones are loaded. Displays and text have their own suites.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'

let server: Server
beforeAll(async () => {
  server = await startServer({ ENVIRONMENTS: 'python,data', POOL_SIZE: '4' })
})
afterAll(() => server.stop())

const run = (code: string, given: object = {}) =>
  server.run({ code, environment: 'data', ...given })

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

  it.each([
    ['import seaborn as sns\nprint(len(sns.color_palette("deep")))', '10'],
    [
      'from sklearn.linear_model import LinearRegression\nprint(LinearRegression().fit([[0], [1]], [1, 3]).predict([[2]]))',
      '[5.]',
    ],
    [
      'from sklearn.datasets import load_iris\nfrom sklearn.model_selection import train_test_split\nfrom sklearn.ensemble import RandomForestClassifier\nx, y = load_iris(return_X_y=True)\na, b, c, d = train_test_split(x, y, random_state=0)\nprint(RandomForestClassifier(n_estimators=10, random_state=0).fit(a, c).score(b, d) > 0.9)',
      'True',
    ],
    [
      'import numpy as np, statsmodels.api as sm\nx = np.arange(9.0)\nprint(sm.OLS(2 * x + 1, sm.add_constant(x)).fit().params.round(6))',
      '[1. 2.]',
    ],
    ['import statsmodels.formula.api as smf\nprint(smf.ols.__name__)', 'from_formula'],
    ['import networkx as nx\nprint(nx.shortest_path(nx.path_graph(4), 0, 3))', '[0, 1, 2, 3]'],
    [
      'from scipy import stats\nprint(round(stats.norm.cdf(0), 3), stats.ttest_ind([1, 2], [1, 2]).pvalue)',
      '0.5 1.0',
    ],
    [
      'from skimage.filters import sobel\nimport numpy as np\nprint(sobel(np.zeros((4, 4))).sum())',
      '0.0',
    ],
    [
      'import pandas as pd\npd.DataFrame({"a": [1]}).to_excel("a.xlsx", index=False)\nprint(pd.read_excel("a.xlsx").a[0])',
      '1',
    ],
    [
      'import pandas as pd\npd.DataFrame({"a": [1]}).to_excel("a.xlsx", engine="xlsxwriter")\nprint(pd.read_excel("a.xlsx").a[0])',
      '1',
    ],
    ['from bs4 import BeautifulSoup\nprint(BeautifulSoup("<p>é</p>", "lxml").p.text)', 'é'],
    ['from lxml import etree\nprint(etree.fromstring("<a><b/></a>")[0].tag)', 'b'],
    ['import jinja2\nprint(jinja2.Template("{{ x + 1 }}").render(x=1))', '2'],
    [
      'import pandas as pd\nprint(pd.DataFrame({"a": [1]}).to_markdown(index=False))',
      '|   a |\n|----:|\n|   1 |',
    ],
    [
      'import io, pandas as pd\nprint(pd.read_html(io.StringIO("<table><tr><td>1</td></tr></table>"))[0].iloc[0, 0])',
      '1',
    ],
    [
      'import sqlalchemy, pydantic, xarray, h5py, shapely, yaml, tqdm, rich\nprint("imported")',
      'imported',
    ],
    [
      'import arabic_reshaper, bidi, wordcloud, docx, pypdf, reportlab, pulp\nprint("imported")',
      'imported',
    ],
  ])('work: %j', async (code, output) => {
    expect(await run(code, { timeoutSeconds: 10 })).toMatchObject({
      output,
      stderr: '',
      status: 'ok',
    })
  })

  it('include pytest, for tests that come with a program', async () => {
    const files = [
      { path: 'solution.py', content: 'def double(x): return 2 * x' },
      {
        path: 'test_solution.py',
        content: `import pytest
from solution import double
@pytest.mark.parametrize("x", [1, 2])
def test_double(x): assert double(x) == 2 * x
def test_wrong(): assert double(1) == 3`,
      },
    ]
    const code = 'import pytest\nraise SystemExit(pytest.main(["-q", "-p", "no:cacheprovider"]))'
    const outcome = await run(code, { files, timeoutSeconds: 10 })
    expect(outcome).toMatchObject({ status: 'error', exitCode: 1 })
    expect(outcome.output).toContain('1 failed, 2 passed')
    expect(outcome.output).toContain('assert 2 == 3')
  })

  it('have no network', async () => {
    const code = `import requests
try: requests.get("https://example.com", timeout=5)
except requests.exceptions.ConnectionError as error: print(type(error).__name__)`
    expect(await run(code)).toMatchObject({ output: 'ConnectionError', status: 'ok' })
  })

  it('have their own memory limit, and it is the one that is named', async () => {
    const code = 'import numpy\nx = []\nwhile True: x.append(numpy.ones(10**6))'
    expect(await run(code)).toMatchObject({
      status: 'oom',
      error: 'Container killed by memory limit (384 MB)',
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

describe('GET /environments', () => {
  it('lists both with Python, packages and limits', async () => {
    const response = await fetch(`${server.url}/environments`)
    expect(response.status).toBe(200)
    const { environments } = (await response.json()) as { environments: Record<string, unknown>[] }
    expect(environments).toMatchObject([
      { name: 'python', default: true, packages: {}, limits: { memoryBytes: 128 * 2 ** 20 } },
      { name: 'data', default: false, limits: { memoryBytes: 384 * 2 ** 20 } },
    ])
    for (const { python } of environments) expect(python).toMatch(/^3\.13\.\d+$/)
    const names = ['numpy', 'pandas', 'matplotlib', 'scipy', 'sympy', 'pillow', 'seaborn']
    for (const name of [...names, 'scikit-learn', 'statsmodels', 'networkx', 'pytest']) {
      expect(environments[1]).toHaveProperty(['packages', name], expect.stringMatching(/^\d+\.\d+/))
    }
  })
})
