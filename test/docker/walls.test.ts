// The server and the doctor on a host that does not enforce a limit: a `docker` that leaves a flag out plays that host.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { containersOf, eventually, warmContainers } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'
import { loseSwapLimit } from '../support/swap-limit.ts'

let folder: string
/** Loses a wall before the first test. It finds that by itself within a minute or so, which the others take anyway. */
let losing: Server
beforeAll(async () => {
  folder = mkdtempSync(`${tmpdir()}/sce-walls-`)
  losing = await startServer({ POOL_SIZE: '2' })
  expect((await fetch(`${losing.url}/readyz`)).status).toBe(200)
  for (const name of await warmContainers(losing, 2)) await loseSwapLimit('docker', name)
})
afterAll(async () => {
  await losing.stop()
  rmSync(folder, { recursive: true })
})

/** A `docker` that changes the arguments `args` of every command, by the statement `change`. */
function dockerThat(name: string, change: string): string {
  const path = `${folder}/docker${name}`
  writeFileSync(
    path,
    `#!/usr/bin/env node
const { spawn } = require('node:child_process')
const args = process.argv.slice(2)
${change}
spawn('docker', args, { stdio: 'inherit' }).on('exit', (code) => process.exit(code ?? 1))
`,
  )
  chmodSync(path, 0o755)
  return path
}

/** One that passes everything on but one argument, and `valueCount` arguments after it. */
function dockerWithout(flag: string, valueCount: number): string {
  const at = `args.indexOf('${flag}')`
  return dockerThat(flag, `if (${at} >= 0) args.splice(${at}, ${valueCount + 1})`)
}

/** One that gives containers another argument. */
function dockerWith(name: string, argument: string): string {
  return dockerThat(name, `if (args[0] === 'run') args.splice(1, 0, '${argument}')`)
}

/** The server's whole life, where it ends by itself. */
function serve(env: Record<string, string>) {
  return execa('node', ['dist/main.js'], {
    env: { PORT: '0', POOL_SIZE: '1', ...env },
    reject: false,
    timeout: 60_000,
  })
}

describe('on a host without one of the walls', () => {
  it.each([
    ['--read-only', 0, 'read-only root'],
    ['--pids-limit', 1, 'processes'],
    ['--cap-drop', 1, 'capabilities'],
    ['--cpus', 1, 'CPU quota'],
  ])(
    'without %s the server says what is missing, and does not serve',
    async (flag, values, wall) => {
      const DOCKER_BIN = dockerWithout(flag, values)
      const { exitCode, stdout, stderr } = await serve({ DOCKER_BIN })
      expect(exitCode).toBe(1)
      expect(stdout).toContain(`"wall":"${wall}"`)
      expect(stderr).toContain('does not enforce every limit')
      expect(stderr).toContain('safe-code-executor doctor')
    },
  )

  it('serves all the same where SERVE_WITH_MISSING_WALLS says so', async () => {
    const DOCKER_BIN = dockerWithout('--read-only', 0)
    const server = await startServer({ DOCKER_BIN, SERVE_WITH_MISSING_WALLS: 'on', POOL_SIZE: '0' })
    try {
      expect(await server.run({ code: 'print(1)' })).toMatchObject({ output: '1' })
      expect(server.log.join()).toContain('the walls were not tried')
    } finally {
      await server.stop()
    }
  })

  it('the doctor says so too, and what to do', async () => {
    const { exitCode, stdout } = await doctor({ DOCKER_BIN: dockerWithout('--cpus', 1) })
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^MISSING {2}CPU quota /m)
    expect(stdout).toMatch(/[1-9] missing\n {2}CPU quota: .*docker info/)
  })

  it('tries all the others where one can not be tried, and takes that one for missing', async () => {
    const unreadable = `${folder}/unreadable`
    writeFileSync(unreadable, '', { mode: 0o600 })
    const mount = `--mount=type=bind,source=${unreadable},target=/proc/meminfo`
    const { exitCode, stdout } = await doctor({ DOCKER_BIN: dockerWith('-unreadable', mount) })
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^MISSING {2}swap .*hostSwapBytes: PermissionError: .*\/proc\/meminfo/m)
    expect(stdout).toMatch(/\n19 walls hold, 1 missing\n/)
  })

  it('says where a folder of the sandbox is not there to be filled', async () => {
    const DOCKER_BIN = dockerWith('-read-only-shm', '--tmpfs=/dev/shm:ro')
    const { exitCode, stdout } = await doctor({ DOCKER_BIN })
    expect(stdout).toMatch(/^holds {4}size of \/dev\/shm .*full at 0 MB/m)
    expect(exitCode).toBe(0)
  })
})

function doctor(env: Record<string, string>) {
  return execa('node', ['dist/main.js', 'doctor'], { env, reject: false, timeout: 60_000 })
}

describe('READ_ONLY_MOUNTS', () => {
  it('shows data, read-only whatever its modes are, without what is mounted below it', async () => {
    const data = `${folder}/shared`
    mkdirSync(`${data}/below`, { recursive: true })
    writeFileSync(`${data}/table.csv`, 'a,b')
    for (const path of [data, `${data}/below`, `${data}/table.csv`]) chmodSync(path, 0o777)
    await execa('mount', ['-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs', `${data}/below`])
    try {
      writeFileSync(`${data}/below/secret`, 'x')
      const server = await startServer({ READ_ONLY_MOUNTS: `${data}:/data`, POOL_SIZE: '1' })
      try {
        const code = `
import os
print(open('/data/table.csv').read(), os.listdir('/data/below'))
for action in (lambda: open('/data/new', 'w'), lambda: open('/data/table.csv', 'a'), lambda: open('/data/below/new', 'w'),
               lambda: os.unlink('/data/table.csv'), lambda: os.chmod('/data/table.csv', 0o600)):
    try:
        action()
        print('done')
    except OSError as error:
        print(error.strerror)
`
        expect(await server.run({ code })).toMatchObject({
          output: ['a,b []', ...Array(5).fill('Read-only file system')].join('\n'),
          error: '',
        })
      } finally {
        await server.stop()
      }
    } finally {
      await execa('umount', [`${data}/below`])
    }
  })

  it('keeps the server from serving where the data is not there', async () => {
    const READ_ONLY_MOUNTS = `${folder}/no-such-data:/data`
    const server = await startServer({ READ_ONLY_MOUNTS, POOL_SIZE: '0' })
    try {
      expect((await server.post({ code: 'print(1)' })).status).toBe(503)
      expect(server.log.join()).toMatch(/bind source path does not exist/)
    } finally {
      await server.stop()
    }
  })
})

describe('doctor', () => {
  it('finds every wall on this host, and leaves nothing', async () => {
    const { exitCode, stdout } = await doctor({})
    expect(stdout).not.toContain('MISSING')
    expect(stdout).toMatch(/^engine {3}\d+\..*\ncgroup {3}version [12]/)
    expect(stdout).toMatch(/\n20 walls hold, 0 missing/)
    expect(exitCode).toBe(0)
  })

  it('shows data that is mounted, read-only', async () => {
    const data = `${folder}/data`
    writeFileSync(data, 'x')
    const READ_ONLY_MOUNTS = `${data}:/data/file`
    const { exitCode, stdout } = await doctor({ READ_ONLY_MOUNTS })
    expect(stdout).toMatch(/holds +mounted data .*: 1 there/)
    expect(exitCode).toBe(0)
  })

  it('ends with 2 and a cause where there is no engine', async () => {
    const { exitCode, stderr } = await doctor({ DOCKER_HOST: 'unix:///nowhere/docker.sock' })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('Cannot connect to the Docker daemon')
  })

  it('explains itself', async () => {
    const { stdout } = await execa('node', ['dist/main.js', 'doctor', '--help'])
    expect(stdout).toContain('safe-code-executor doctor')
  })
})

/** What is logged of it. */
const LOST = /"level":60,.*"wall":"swap"/

describe('a wall that is lost while the server lives', () => {
  it('is found in a container that waits: nothing is run, /readyz and the log say so', {
    timeout: 120_000,
  }, async () => {
    // Nobody asks meanwhile: what /readyz runs is in a container of its own each time, and leaves none of these.
    await eventually('it is found', 80_000, () => LOST.test(losing.log.join('\n')))
    expect((await fetch(`${losing.url}/readyz`)).status).toBe(503)
    const refused = await losing.post({ code: 'print(1)' })
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({ output: '', code: 'unavailable' })
    expect(await losing.stop()).toBe(0)
    expect(await containersOf(losing.pid)).toEqual([])
  })
})
