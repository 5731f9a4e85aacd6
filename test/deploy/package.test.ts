// The package: what is in it, and that it installs and runs from its tarball, with nothing of the checkout beside it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ON_NODE, type Server, startServer } from '../support/server.ts'

let folder: string
let files: string[]
let server: Server | undefined
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'package-'))
  // What it is packed from was built by the set-up of the tests.
  const { stdout } = await execa('npm', [
    ...['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
  ])
  const [packed] = JSON.parse(stdout)
  files = packed.files.map(({ path }: { path: string }) => path)
  writeFileSync(join(folder, 'package.json'), '{"private": true}')
  await execa('npm', ['install', '--no-audit', '--no-fund', `./${packed.filename}`], {
    cwd: folder,
  })
})
afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true })
})

const installed = () => join(folder, 'node_modules/safe-code-executor')
const command = (...args: string[]) =>
  execa(join(folder, 'node_modules/.bin/safe-code-executor'), args, { cwd: folder, reject: false })

it('has what it needs, and nothing else', () => {
  for (const path of [
    ...[
      'dist/main.js',
      'dist/client/client.d.ts',
      'dist/ui/browser/page.js',
      'dist/ui/browser/page.css',
    ],
    ...[
      'dist/run-log/sqlite-worker.js',
      'sandbox/Dockerfile',
      'sandbox/runner.py',
      'sandbox/environments/data/environment.json',
    ],
    ...['sandbox/seccomp.json', 'scripts/setup.sh', 'scripts/lib.sh', 'scripts/images.sh'],
    ...['scripts/oci-start.sh', 'deploy/alerts.yaml', 'examples/hello.py'],
    'test/attacks/h-calls-of-x32.py',
    ...['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'wrangler-free-README.md'],
  ]) {
    expect(files, path).toContain(path)
  }
  const others = files.filter(
    (path) =>
      !/^(dist|sandbox|deploy|docs|examples)\//.test(path) &&
      !/^(scripts\/[\w-]+\.sh|test\/attacks\/[\w-]+\.py|[\w-]+\.(md|json)|LICENSE)$/.test(path),
  )
  expect(others).toEqual([])
  expect(files.filter((path) => /\.env$|keys\.json|\.db$/.test(path))).toEqual([])
})

it('sets a machine up, makes a key, and runs a program', async () => {
  const setup = await command('setup')
  expect([setup.exitCode, setup.stderr]).toEqual([0, ''])
  const key = await command('key', 'new', 'a', '--file', 'keys.json')
  expect(key.stdout).toMatch(/^sce_/)
  const run = await execa(
    join(folder, 'node_modules/.bin/safe-code-executor'),
    ['run', '-', '--stdin', ''],
    { cwd: folder, input: 'print(6 * 7)' },
  )
  expect(run.stdout).toBe('42')
}, 120_000)

it('serves, with its page and its document', async () => {
  server = await startServer({ POOL_SIZE: '1' }, ON_NODE.replace('dist', `${installed()}/dist`))
  expect(await server.run({ code: 'print(1)' })).toMatchObject({ output: '1' })
  const { url } = server
  for (const path of ['/ui', '/ui/assets/page.js', '/docs/', '/openapi.json', '/metrics']) {
    expect((await fetch(`${url}${path}`)).status, path).toBe(200)
  }
})

it('tries the walls of the machine', async () => {
  const { exitCode, stdout, stderr } = await command('doctor')
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/\n\d+ walls hold, 0 missing/)
})

it('runs the corpus of attacks, against the server of an address and against one of its own', async () => {
  for (const args of [['--url', server?.url ?? ''], []]) {
    const { exitCode, stdout, stderr } = await command('attack', '--only', 'a-sys-exit', ...args)
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/\n7 as expected, 0 not/)
  }
  const wrong = await command('attack', '--only', 'nothing has this name')
  expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('no program has')])
}, 60_000)

it('has a client for other programs', async () => {
  const program = `
    import { createClient, RefusedError } from 'safe-code-executor/client'
    const client = createClient({ url: process.argv[1] })
    console.log((await client.run({ code: 'print("hello")' })).output)`
  const { stdout } = await execa(
    'node',
    ['--input-type=module', '--eval', program, server?.url ?? ''],
    { cwd: folder },
  )
  expect(stdout).toBe('hello')
})
