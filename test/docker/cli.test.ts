// The command line: one file here, or on a server, as if it were run by python3.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { containersOf, eventually } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'

const MAIN = `${import.meta.dirname}/../../dist/main.js`
const PROGRAM = `import os, sys
print("hello", sys.argv[1:], os.environ.get("NAME"), repr(sys.stdin.read()))
print("careful", file=sys.stderr)
open("out.txt", "w").write(open("in.txt").read() if os.path.exists("in.txt") else "none")
sys.exit(3)
`

let server: Server
let folder: string
beforeAll(async () => {
  server = await startServer({ API_KEYS: 'secret', POOL_SIZE: '1' })
  folder = mkdtempSync(`${tmpdir()}/safe-code-executor-test-`)
  writeFileSync(`${folder}/program.py`, PROGRAM)
  writeFileSync(`${folder}/data.txt`, 'from here')
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await server.stop()
})

/** Runs the command in the folder. */
const cli = (args: string[], options: { input?: string; env?: Record<string, string> } = {}) =>
  execa('node', [MAIN, ...args], { cwd: folder, reject: false, ...options })

const there = () => ['--url', server.url, '--key', 'secret']

describe.each([
  ['here', () => []],
  ['on a server', there],
])('run %s', (where, how) => {
  it('gives output, errors and exit code of the program, and saves its files', async () => {
    const save = `saved-${where.replaceAll(' ', '-')}`
    const result = await cli(
      [
        ...['run', 'program.py', ...how(), '--stdin', '-', '--env', 'NAME=a=b'],
        ...['--file', 'data.txt:in.txt', '--output-file', '*.txt', '--save', save],
        ...['--', '-x', '--stdin'],
      ],
      { input: 'typed' },
    )
    expect(result.stdout).toBe("hello ['-x', '--stdin'] a=b 'typed'")
    expect(result.stderr.split('\n')[0]).toBe('careful')
    expect(result.exitCode).toBe(3)
    expect(readFileSync(`${folder}/${save}/out.txt`, 'utf8')).toBe('from here')
  })

  it('ends with 124 where the time ran out, and says so', async () => {
    const args = ['run', '-', ...how(), '--timeout', '1']
    const result = await cli(args, { input: 'print(1)\nwhile True: pass' })
    expect(result).toMatchObject({ exitCode: 124, stdout: '1' })
    expect(result.stderr).toBe('safe-code-executor: Execution timed out after 1 second')
  })

  it('ends with 125 where nothing ran', async () => {
    const result = await cli(['run', 'program.py', ...how(), '--timeout', '99'])
    expect(result).toMatchObject({ exitCode: 125, stdout: '' })
    expect(result.stderr).toContain('timeoutSeconds: must be above 0 and at most 10')
  })
})

describe('run', () => {
  it('ends with 128 and the signal', async () => {
    const input = 'import os\nos.kill(os.getpid(), 11)'
    const result = await cli(['run', '-', ...there()], { input })
    expect(result).toMatchObject({
      exitCode: 139,
      stderr: 'safe-code-executor: Killed by SIGSEGV',
    })
  })

  it('prints the whole outcome as JSON', async () => {
    const result = await cli(['run', '-', ...there(), '--json', '--display-last'], { input: '6*7' })
    expect(JSON.parse(result.stdout)).toMatchObject({ status: 'ok', displays: [{ data: '42' }] })
    expect(result.exitCode).toBe(0)
  })

  it('writes over nothing that exists, and says so', async () => {
    writeFileSync(`${folder}/out.txt`, 'mine')
    const args = ['run', '-', ...there(), '--output-file', 'out.txt', '--save', '.']
    const result = await cli(args, { input: 'open("out.txt", "w").write("theirs")' })
    expect(result.exitCode).toBe(1)
    expect(result.stderr).toContain('not saved: "out.txt" already exists')
    expect(readFileSync(`${folder}/out.txt`, 'utf8')).toBe('mine')
  })

  it('takes the key from the environment, and says where it is wrong', async () => {
    const args = ['run', '-', '--url', server.url]
    const env = { SAFE_CODE_EXECUTOR_KEY: 'secret' }
    expect((await cli(args, { input: 'print(1)', env })).stdout).toBe('1')
    const result = await cli(args, { input: 'print(1)' })
    expect(result).toMatchObject({
      exitCode: 125,
      stderr: 'safe-code-executor: A valid API key is required',
    })
  })

  it.each([
    [['run', 'no-such-file.py'], 'no such file'],
    [['run', 'program.py', '--url', 'http://127.0.0.1:9'], 'http://127.0.0.1:9 can’t be reached'],
    [['run', 'program.py', '--url', 'nonsense'], 'nonsense'],
    [['run', 'program.py', '--output-file', '*'], '--output-file needs --save FOLDER, or --json'],
    [['run', 'program.py', '--display-last'], '--display-last needs --save FOLDER, or --json'],
    [['run', 'program.py', '--timeout', 'soon'], 'must be a number'],
    [['run', 'program.py', '--file', 'no-such-file'], 'no such file'],
    [['run'], "missing required argument 'file'"],
  ])('says what is wrong: %j', async (args, words) => {
    const result = await cli(args)
    expect(result.exitCode).toBe(125)
    expect(result.stderr).toContain(words)
    expect(result.stderr).not.toMatch(/^\s+at /m)
  })

  it('ends by the signal that ends it, and ends the program with it', async () => {
    writeFileSync(`${folder}/sleep.py`, 'print(1, flush=True)\nimport time; time.sleep(9)')
    const child = cli(['run', 'sleep.py', ...there()])
    child.stdout.once('data', () => child.kill('SIGINT'))
    expect(await child).toMatchObject({ exitCode: 130, stdout: '1', stderr: '' })
    await eventually('its container is gone', 3000, async () => {
      return (await containersOf(server.pid)).length <= 1
    })
  })

  it('ends quietly where nobody reads on', async () => {
    writeFileSync(`${folder}/long.py`, 'while True: print("x" * 1000)')
    const run = `node ${MAIN} run long.py --url ${server.url} --key secret`
    const result = await execa('bash', ['-c', `set -o pipefail; ${run} | head -c 5`], {
      cwd: folder,
      reject: false,
    })
    expect(result).toMatchObject({ stdout: 'xxxxx', stderr: '', exitCode: 141 })
  })

  it('is taught by --help', async () => {
    const { stdout } = await cli(['run', '--help'])
    for (const word of ['--stdin', '--timeout', '--env-image', '--url', '124', 'Examples:']) {
      expect(stdout).toContain(word)
    }
    expect((await cli(['--help'])).stdout).toMatch(/serve[\s\S]*run/)
    expect((await cli(['serve', '--help'])).stdout).toContain('MAX_RUNNING=')
  })
})
