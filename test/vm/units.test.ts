// The unit of deploy/ and its drop-ins under systemd: the server runs programs, with every wall, and a stop leaves nothing.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { execa } from 'execa'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/docker.ts'
import { containers, slowHost } from './host.ts'

const UNIT = 'safe-code-executor.service'
const UNITS = '/etc/systemd/system'
const DROP_INS = `${UNITS}/${UNIT}.d`
const FOLDER = '/opt/safe-code-executor'
const ROOTLESS_CGROUP = `/sys/fs/cgroup/system.slice/${UNIT}`
const PORT = '8000'
const url = `http://127.0.0.1:${PORT}`

beforeAll(async () => {
  if (!existsSync(FOLDER)) symlinkSync(process.cwd(), FOLDER)
  const home = ['--system', '--home-dir', '/var/lib/safe-code-executor', '--shell', '/bin/false']
  await execa('useradd', [...home, 'safe-code-executor'], { reject: false })
  const ids = ['--add-subuids', '200000-265535', '--add-subgids', '200000-265535']
  await execa('usermod', [...ids, 'safe-code-executor'])
  copyFileSync(`deploy/${UNIT}`, `${UNITS}/${UNIT}`)
})
afterEach(async () => {
  await execa('systemctl', ['stop', UNIT], { reject: false })
  rmSync(DROP_INS, { recursive: true, force: true })
})

/** Starts the unit, with a drop-in of deploy/ if it is named. */
async function start(settings: Record<string, string> = {}, dropIn = ''): Promise<void> {
  if (dropIn) {
    mkdirSync(DROP_INS, { recursive: true })
    copyFileSync(`deploy/${UNIT}.d/${dropIn}`, `${DROP_INS}/${dropIn}`)
  }
  const all = { ...slowHost('docker'), PORT, HOST: '127.0.0.1', ...settings }
  const lines = Object.entries(all).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync('/etc/safe-code-executor.env', lines.join(''), { mode: 0o600 })
  await execa('systemctl', ['daemon-reload'])
  await execa('systemctl', ['start', UNIT])
  await eventually('it serves', 300_000, async () => {
    const { stdout: state } = await execa('systemctl', ['is-active', UNIT], { reject: false })
    if (state !== 'active') throw new Error((await journal()).slice(-4000))
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    return answer?.status === 200
  })
}

/** The log of the unit since its last start. */
async function journal(): Promise<string> {
  const { stdout: id } = await execa('systemctl', [
    'show',
    '--property=InvocationID',
    '--value',
    UNIT,
  ])
  const args = [`_SYSTEMD_INVOCATION_ID=${id}`, '--no-pager', '--output', 'cat']
  return (await execa('journalctl', args)).stdout
}

interface Outcome {
  output: string
  status: string
  error: string
}

async function run(code: string): Promise<Outcome> {
  const headers = { 'Content-Type': 'application/json' }
  const body = JSON.stringify({ code })
  const answer = await fetch(`${url}/run`, { method: 'POST', headers, body })
  return (await answer.json()) as Outcome
}

async function expectCleanStop(): Promise<void> {
  await execa('systemctl', ['stop', UNIT])
  const { stdout } = await execa('systemctl', ['show', '--property=Result', UNIT])
  expect(stdout).toBe('Result=success')
}

it('serves under its unit, with every wall, and leaves nothing', async () => {
  await start()
  expect(await run('print(2 + 2)')).toMatchObject({ output: '4', status: 'ok' })
  expect(await journal()).toContain('the walls were tried, and hold')
  await expectCleanStop()
  expect(await containers('docker')).toEqual([])
})

describe.each(['crun', 'runc'])('with ENGINE=%s', (ENGINE) => {
  it('serves as root with the drop-in oci.conf, with every wall, and leaves nothing', async () => {
    await start({ ENGINE }, 'oci.conf')
    expect(await run('print(2 + 2)')).toMatchObject({ output: '4', status: 'ok' })
    expect(await run(EAT)).toMatchObject({ status: 'oom' })
    expect(await journal()).toContain('the walls were tried, and hold')
    await expectCleanStop()
    expect(entries('/run/safe-code-executor/containers')).toEqual([])
    expect(entries('/run/safe-code-executor/ids')).toEqual([])
    expect(cgroups('/sys/fs/cgroup/safe-code-executor')).toEqual([])
  })

  it('serves without root with the drop-in rootless.conf, with every wall, and leaves nothing', async () => {
    await start({ ENGINE }, 'rootless.conf')
    expect(await run('print(2 + 2)')).toMatchObject({ output: '4', status: 'ok' })
    expect(await run(EAT)).toMatchObject({ status: 'oom' })
    expect(await run(FORK)).toMatchObject({ output: '64 processes', status: 'ok' })
    expect((await run(PROFILE)).output).toContain('safe-code-executor')
    expect(await journal()).toContain('the walls were tried, and hold')
    const owners = uidsIn(ROOTLESS_CGROUP)
    expect(owners).toContain(await uidOf('safe-code-executor'))
    expect(owners).not.toContain(0)
    expect(cgroups(`${ROOTLESS_CGROUP}/containers`)).not.toEqual([])
    await expectCleanStop()
    expect(existsSync(ROOTLESS_CGROUP)).toBe(false)
    expect(existsSync('/run/safe-code-executor-rootless')).toBe(false)
    expect(mounts()).not.toContain('safe-code-executor-rootless')
  })
})

it('without root, nothing of a server that is killed is left', async () => {
  await start({ ENGINE: 'crun' }, 'rootless.conf')
  const old = () => cgroups(`${ROOTLESS_CGROUP}/containers`)
  const hanging = run(STOP_RUNNER).catch(() => 'cut off')
  await eventually('it runs', 60_000, () => old().length > 2)
  const dead = old()
  await execa('systemctl', ['kill', '--kill-whom=main', '--signal=KILL', UNIT])
  await hanging
  await eventually('the next one serves', 300_000, async () => {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    return answer?.status === 200
  })
  expect(old().filter((name) => dead.includes(name))).toEqual([])
})

it('without root, doctor names what is missing', async () => {
  const { exitCode, stderr } = await execa(
    'runuser',
    ['-u', 'nobody', '--', 'node', `${FOLDER}/dist/main.js`, 'doctor'],
    { env: { ENGINE: 'crun' }, reject: false },
  )
  expect(stderr).toContain('a range of nobody in /etc/subuid')
  expect(stderr).toContain('rootless.conf')
  expect(exitCode).toBe(2)
})

const EAT = 'blocks = []\nwhile True: blocks.append(bytearray(2**20))'
const PROFILE = `print(open('/proc/self/attr/current').read())`
/** Forks until it is refused; the runner and `timeout` are two further processes. The children end by themselves. */
const FORK = `import os
end, start = os.pipe()
count = 3
try:
    while True:
        if os.fork() == 0:
            os.close(start)
            os.read(end, 1)
            os._exit(0)
        count += 1
except OSError:
    print(count, 'processes')
os.close(start)
for _ in range(count - 3): os.wait()`
const STOP_RUNNER = `import os, signal, time
os.kill(os.getppid(), signal.SIGSTOP)
while True: time.sleep(1)`

const entries = (folder: string) => readdirSync(folder)

const cgroups = (folder: string) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? entry.name : [],
  )

const mounts = () => readFileSync('/proc/mounts', 'utf8')

/** The users of all processes in a cgroup and those below it. */
function uidsIn(cgroup: string): number[] {
  const pids = readFileSync(`${cgroup}/cgroup.procs`, 'utf8').split('\n').filter(Boolean)
  const uids = pids.map((pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(status.match(/^Uid:\s+(\d+)/m)?.[1])
  })
  return [...uids, ...cgroups(cgroup).flatMap((name) => uidsIn(`${cgroup}/${name}`))]
}

async function uidOf(user: string): Promise<number> {
  return Number((await execa('id', ['--user', user])).stdout)
}
