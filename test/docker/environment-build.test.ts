// Environments of an operator's own: written, built, tried and served with the command line, without editing a file of ours.

import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server as HttpServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startServer } from '../support/server.ts'

/** One build installs packages of Debian; a slow mirror is not what is tried here. */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000 })

/** Makes wheels of names, and of what each requires. */
const WHEELS = `import base64, hashlib, sys, zipfile
for given in sys.argv[1:]:
    name, _, requires = given.partition(":")
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": f"NAME = {name!r}\\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n" + (f"Requires-Dist: {requires}\\n" if requires else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    with zipfile.ZipFile(f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        record = ""
        for path, text in files.items():
            wheel.writestr(zipfile.ZipInfo(path), text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(text)}\\n"
        wheel.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\\n")`

let root: string
let index: HttpServer
let indexUrl: string
const asked: string[] = []

const wheel = (name: string) => join(root, `${name}-1.0-py3-none-any.whl`)
const sha256 = (name: string) =>
  createHash('sha256')
    .update(readFileSync(wheel(name)))
    .digest('hex')
const environments = () => join(root, 'environments')

function command(args: string[], settings: Record<string, string> = {}) {
  return execa('node', ['dist/main.js', ...args], {
    reject: false,
    env: { ENVIRONMENTS_DIR: environments(), ENVIRONMENTS: 'python', ...settings },
  })
}

const folder = (name: string, ...args: string[]) => command(['environment', 'new', name, ...args])
const build = (name: string) =>
  command(['environment', 'build', name], {
    PIP_INDEX_URL: `${indexUrl}/simple`,
    PIP_TRUSTED_HOST: '127.0.0.1',
  })
/** Writes requirements.txt of `course`, each with its hash. */
function requirements(...hashes: (readonly [name: string, digest: string])[]) {
  const lines = hashes.map(([name, digest]) => `${name}==1.0 --hash=sha256:${digest}\n`)
  writeFileSync(join(environments(), 'course', 'requirements.txt'), lines.join(''))
}

interface Listed {
  name: string
  packages: object
  limits: object
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'environment-build-'))
  writeFileSync(join(root, 'wheels.py'), WHEELS)
  const names = ['onindex:needed', 'needed', 'mine']
  const save = ['--output-file', '*.whl', '--save', root]
  const made = await execa('node', [
    'dist/main.js',
    'run',
    join(root, 'wheels.py'),
    ...save,
    '--',
    ...names,
  ])
  expect(made.exitCode).toBe(0)
  index = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const [, name = ''] = path.match(/^\/simple\/(\w+)\/$/) ?? []
    if (['onindex', 'needed'].includes(name)) {
      response.setHeader('Content-Type', 'text/html')
      response.end(`<a href="/files/${name}-1.0-py3-none-any.whl">${name}-1.0-py3-none-any.whl</a>`)
    } else if (path.startsWith('/files/'))
      response.end(readFileSync(join(root, path.slice('/files/'.length))))
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => index.listen(0, '127.0.0.1', resolve))
  const address = index.address()
  indexUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
})
afterAll(async () => {
  index.close()
  rmSync(root, { recursive: true })
  const images = ['course', 'needy', 'older'].map((name) => `safe-code-executor-${name}`)
  const tagged = images.flatMap((image) => [image, `${image}:previous`, `${image}-base`])
  await execa('docker', ['image', 'rm', ...tagged, 'test-old-debian'], { reject: false })
})

describe('an environment with packages and a wheel of one’s own', () => {
  it('is not built from a file with another hash', async () => {
    const written = await folder(
      'course',
      ...['--packages', 'python3-networkx', 'python3-requests', '--wheels', wheel('mine')],
      ...['--preload', 'networkx', 'mine', '--memory-mb', '512', '--max-timeout', '30'],
    )
    expect(written.stdout).toContain('Next: safe-code-executor environment build python course')
    requirements(['mine', sha256('mine')], ['needed', '0'.repeat(64)])
    const built = await build('course')
    expect([built.exitCode, built.stderr]).toEqual([
      1,
      expect.stringContaining('DO NOT MATCH THE HASHES'),
    ])
  })

  it('is built from Debian, wheels and an index, tried, and served', async () => {
    const names = ['mine', 'onindex', 'needed']
    requirements(...names.map((name) => [name, sha256(name)] as const))
    const built = await build('course')
    expect(built.stderr).toContain('networkx: imported, ')
    expect(built.stderr).toMatch(/all of preload: imported, \d+ ms of CPU, \d+ MB/)
    expect(built.exitCode).toBe(0)
    expect(asked).toContain('/simple/onindex/')
    const server = await startServer({
      ...{ ENVIRONMENTS_DIR: environments(), ENVIRONMENTS: 'python,course', POOL_SIZE: '2' },
    })
    try {
      const code = `import sys
print(sorted({"networkx", "mine", "onindex"} & set(sys.modules)))
import mine, onindex, needed, networkx, requests, shutil
print(mine.NAME, onindex.NAME, needed.NAME, networkx.path_graph(3).number_of_edges())
print([name for name in ("pip", "pip3", "gcc", "cc", "apt-get", "dpkg") if shutil.which(name)])`
      const outcome = await server.run({ code, environment: 'course', timeoutSeconds: 29 })
      expect(outcome).toMatchObject({
        ...{ status: 'ok', stderr: '' },
        output: "['mine', 'networkx']\nmine onindex needed 2\n[]",
      })
      const answer = await fetch(`${server.url}/environments`)
      const { environments: listed } = (await answer.json()) as { environments: Listed[] }
      const course = listed.find(({ name }) => name === 'course')
      expect(course?.packages).toMatchObject({ mine: '1.0' })
      expect(course?.limits).toMatchObject({ memoryBytes: 536_870_912, maxTimeoutSeconds: 30 })
      const long = await server.post({ code: '1', timeoutSeconds: 29 })
      expect([long.status, await long.text()]).toEqual([
        400,
        expect.stringContaining('must be at most 10 in the environment python'),
      ])
    } finally {
      await server.stop()
    }
    const listed = () => command(['environment', 'list'], { ENVIRONMENTS: 'course' })
    const row = (state: string) =>
      new RegExp(`^course +safe-code-executor-course +${state} +512 MB +30 s +yes`, 'm')
    expect((await listed()).stdout).toMatch(row('current'))
    writeFileSync(join(environments(), 'course', 'build.py'), 'pass\n')
    expect((await listed()).stdout).toMatch(row('outdated'))
  })
})

it('says which system call, or which limit, stopped a module that is to be loaded beforehand', async () => {
  await folder('needy', '--preload', 'asks', 'takes', 'json', '--memory-mb', '64')
  const modules = {
    asks: 'import os\nos.unshare(os.CLONE_NEWUSER)\n',
    takes: 'x = bytearray(100 * 2**20)\n',
  }
  writeFileSync(
    join(environments(), 'needy', 'build.py'),
    `for name, text in ${JSON.stringify(modules)}.items():
    open(f"/usr/lib/python3/dist-packages/{name}.py", "w").write(text)\n`,
  )
  const built = await build('needy')
  expect(built.exitCode).toBe(1)
  expect(built.stderr).toContain('json: imported')
  expect(built.stderr).toMatch(/asks: .*Operation not permitted.*; refused system calls: unshare/)
  expect(built.stderr).toContain('takes: needs more than 64 MB: raise memoryMb')
})

describe('an environment with a Dockerfile', () => {
  const dockerfile = (text: string) =>
    writeFileSync(join(environments(), 'older', 'Dockerfile'), text)

  it('has the Python of its image', async () => {
    const bookworm = join(root, 'bookworm.tar')
    await execa('mmdebstrap', ['--variant=minbase', '--include=python3', 'bookworm', bookworm])
    await execa('docker', ['import', bookworm, 'test-old-debian'])
    await folder('older', '--preload', 'decimal')
    dockerfile('FROM test-old-debian\n')
    const built = await build('older')
    expect([built.exitCode, built.stderr]).toEqual([
      0,
      expect.stringContaining('decimal: imported'),
    ])
    const code = `import sys, os, pwd
print(sys.version_info[:2], pwd.getpwuid(os.getuid()).pw_name, os.getcwd())
1 / 0`
    const server = await startServer({
      ...{ ENVIRONMENTS_DIR: environments(), ENVIRONMENTS: 'older', POOL_SIZE: '1' },
    })
    try {
      expect(await server.run({ code })).toMatchObject({
        output: '(3, 11) nobody /tmp/work',
        error: 'ZeroDivisionError: division by zero',
      })
      const shown = await server.run({ code: '[1, 2]', displayLastExpression: true })
      expect(shown.displays).toEqual([{ mime: 'text/plain', data: '[1, 2]' }])
      const forever = await server.run({ code: 'while True: pass', timeoutSeconds: 1 })
      expect(forever.status).toBe('timeout')
    } finally {
      await server.stop()
    }
  })

  it.each([
    ['is not Debian’s', 'RUN rm /etc/debian_version', 'is not based on Debian'],
    [
      'has an older Python',
      "RUN echo 'import sys; sys.version_info = (3, 9)' | tee -a /etc/python3.*/sitecustomize.py",
      'is too old: the runner needs Python 3.11 or newer',
    ],
  ])('is refused where the image %s', async (_, line, message) => {
    dockerfile(`FROM test-old-debian\n${line}\n`)
    const built = await build('older')
    expect([built.exitCode, built.stderr]).toEqual([1, expect.stringContaining(message)])
  })
})
