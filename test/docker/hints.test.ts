// Hints of real programs: a module that another environment has, attempts to install, and no network.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, startServer } from '../support/server.ts'

const NOTHING = /^Nothing can be installed at run time/
const NO_NETWORK = 'Programs here have no network'

let server: Server
beforeAll(async () => {
  server = await startServer({ ENVIRONMENTS: 'python,data', POOL_SIZE: '2' })
})
afterAll(() => server.stop())

const hint = async (code: string, given: object = {}) => (await server.run({ code, ...given })).hint

describe('a program that fails gets a hint', () => {
  it('where the module is', async () => {
    const outcome = await server.run({ code: 'import matplotlib.pyplot as plt' })
    expect(outcome).toMatchObject({
      status: 'error',
      error: "ModuleNotFoundError: No module named 'matplotlib'",
      hint: 'matplotlib is in the environment `data`',
    })
    expect(await hint('from PIL import Image')).toBe('PIL is in the environment `data`')
    expect(await hint('import dateutil')).toBe('dateutil is in the environment `data`')
    expect(await hint('import numpy', { env: { PYTHONHASHSEED: '0' } })).toBe(
      'numpy is in the environment `data`',
    )
  })

  it.each([
    ['a module that is nowhere', 'import tensorflow', NOTHING],
    ['a line for notebooks', '!pip install tensorflow', NOTHING],
    ['another one', '%pip install -q pandas', /^pandas is in the environment `data`$/],
    ['pip as a module', 'import pip', NOTHING],
    [
      'a command that is checked',
      'import subprocess, sys\nsubprocess.check_call([sys.executable, "-m", "pip", "install", "numpy"])',
      /^numpy is in the environment `data`$/,
    ],
    ['a command that is not checked', 'import os\nos.system("pip install numpy")', NOTHING],
    [
      'the file of a command',
      'import subprocess\nsubprocess.run(["pip", "install", "x"])',
      NOTHING,
    ],
  ])('on installing: %s', async (_, code, expected) => {
    expect(await hint(code)).toMatch(expected)
  })

  it.each([
    ['a name', 'import socket\nsocket.create_connection(("example.com", 80))'],
    ['an address', 'import socket\nsocket.create_connection(("1.1.1.1", 80))'],
    ['a URL', 'import urllib.request\nurllib.request.urlopen("https://example.com")'],
    ['asyncio', 'import asyncio\nasyncio.run(asyncio.open_connection("example.com", 80))'],
  ])('on the network: %s', async (_, code) => {
    expect(await hint(code)).toBe(NO_NETWORK)
  })

  it('on the network, from a library', async () => {
    const code = 'import pandas\npandas.read_csv("https://example.com/x.csv")'
    expect(await hint(code, { environment: 'data' })).toBe(NO_NETWORK)
  })
})

describe('no hint', () => {
  it.each([
    ['a success', 'print(1)', {}],
    ['another error', '1 / 0', {}],
    ['a closed port', 'import socket\nsocket.create_connection(("127.0.0.1", 9))', {}],
    ['a submodule', 'import json.nothing', {}],
    ['a submodule of a library', 'import numpy.nothing', { environment: 'data' }],
    ['a module that was caught', 'try: import numpy\nexcept ImportError: print("none")', {}],
    ['a module of the program', 'import util', { files: [{ path: 'lib/util.py', content: '' }] }],
  ])('for %s', async (_, code, given) => {
    expect(await hint(code, given)).toBe('')
  })
})
