// ENGINE=runc and ENGINE=crun on a host with systemd and cgroup v2, beside each other and beside Docker.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { execa } from 'execa'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/docker.ts'
import { type Server, startServer } from '../support/server.ts'
import { slowHost } from './host.ts'

const RUNTIMES = ['runc', 'crun'] as const
type Runtime = (typeof RUNTIMES)[number]
const CGROUP = '/sys/fs/cgroup/safe-code-executor'
const STATE = '/run/safe-code-executor'

const settings = (engine: Runtime | 'docker') => ({ ...slowHost('docker'), ENGINE: engine })
const cgroups = () =>
  existsSync(CGROUP)
    ? readdirSync(CGROUP, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => `${CGROUP}/${name}`)
    : []

/** What is left of containers on this host. */
const leftovers = () => [
  ...cgroups(),
  ...['containers', 'ids', ...RUNTIMES]
    .map((name) => `${STATE}/${name}`)
    .flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []))
    .filter((name) => name !== '.cache'), // crun keeps compiled filters there, of no container
]

const servers: Server[] = []
async function start(engine: Runtime | 'docker'): Promise<Server> {
  const server = await startServer(settings(engine))
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
  expect(leftovers()).toEqual([])
})

describe.each(RUNTIMES)('%s', (engine) => {
  it('doctor finds every wall', async () => {
    const { exitCode, stdout } = await execa('node', ['dist/main.js', 'doctor'], {
      env: settings(engine),
      reject: false,
    })
    expect(stdout).toMatch(/^cgroup {3}version v?2/m)
    expect(stdout).not.toContain('MISSING')
    expect(stdout).toMatch(/\n\d+ walls hold, 0 missing/)
    expect(exitCode).toBe(0)
  })

  it('gives every status', async () => {
    const { run } = await start(engine)
    expect(await run({ code: 'print(2 + 2)' })).toMatchObject({ output: '4', status: 'ok' })
    expect(await run({ code: '1 / 0' })).toMatchObject({ status: 'error', exitCode: 1 })
    const hang = { code: 'while True: pass', timeoutSeconds: 5 }
    expect(await run(hang)).toMatchObject({ error: 'Execution timed out after 5 seconds' })
    const eat = 'blocks = []\nwhile True: blocks.append(bytearray(2**20))'
    const oom = await run({ code: eat })
    expect(oom).toMatchObject({ error: 'Container killed by memory limit (128 MB)' })
    expect(oom.peakMemoryBytes).toBeGreaterThan(100 * 2 ** 20)
    expect(await run({ code: 'while True: print("x" * 1000)' })).toMatchObject({
      status: 'output_limit',
    })
    expect(await run({ code: 'import os; os.kill(os.getpid(), 11)' })).toMatchObject({
      error: 'Killed by SIGSEGV',
    })
  })

  it('lets a program signal its own processes', async () => {
    const code = `import subprocess
child = subprocess.Popen(["sleep", "60"])
child.kill()
print(child.wait())
subprocess.Popen(["sleep", "60"])` // the second one is ended with the program
    const { run } = await start(engine)
    expect(await run({ code })).toMatchObject({ status: 'ok', output: '-9' })
  })

  it('confines programs with the AppArmor profile of this project', async () => {
    const { run } = await start(engine)
    const { output } = await run({ code: `print(open('/proc/self/attr/current').read())` })
    // A runtime that has a profile of its own may only add one: RUNTIME//&safe-code-executor.
    expect(output).toMatch(/^(\w+\/\/&)?safe-code-executor(\/\/&\w+)? \((enforce|mixed)\)$/m)
  })

  it('tells from the cgroup what a container used that was killed from outside', async () => {
    const server = await start(engine)
    const code = 'import time\ndata = bytearray(50 * 2**20)\nprint("started")\ntime.sleep(50)'
    const running = server.run({ code })
    const large = () => cgroups().find((path) => count(`${path}/memory.current`) > 50 * 2 ** 20)
    await eventually('it runs', 60_000, () => large() !== undefined)
    await execa('sh', ['-c', `echo 1 >"${large()}/cgroup.kill"`])
    const outcome = await running
    expect(outcome).toMatchObject({ output: 'started', status: 'killed' })
    expect(outcome.cpuMs).toBeGreaterThan(0)
    expect(outcome.peakMemoryBytes).toBeGreaterThan(50 * 2 ** 20)
  })

  it('keeps its limits when systemd reads its units again', async () => {
    const { url } = await start(engine)
    const limits = () =>
      cgroups().map((path) =>
        ['memory.max', 'memory.swap.max', 'pids.max', 'cpu.max'].map((name) =>
          text(`${path}/${name}`),
        ),
      )
    await eventually('two wait, and no other', 120_000, async () => {
      const metrics = await (await fetch(`${url}/metrics`)).text()
      return /^\S*pool_ready\S* 2$/m.test(metrics) && limits().length === 2
    })
    const before = limits()
    expect(before[0]).toEqual(['134217728', '4096', '64', '100000 100000'])
    await execa('systemctl', ['daemon-reload'])
    await execa('systemctl', ['restart', 'systemd-journald'])
    expect(limits()).toEqual(before)
  })

  it('leaves nothing of a server that is killed: the next one sweeps', async () => {
    const server = await startServer(settings(engine))
    const hanging = [1, 2].map(() =>
      server.post({ code: 'while True: pass', timeoutSeconds: 60 }).catch(() => 'cut off'),
    )
    await eventually('they run', 60_000, () => cgroups().length >= 4)
    const dead = cgroups()
    await server.stop('SIGKILL')
    await Promise.all(hanging)
    await start(engine)
    await eventually(
      'they are swept',
      100_000,
      () => !cgroups().some((path) => dead.includes(path)),
    )
  })
})

it('serves with three engines beside each other', async () => {
  const three = await Promise.all((['docker', ...RUNTIMES] as const).map(start))
  const outcomes = await Promise.all(
    three.flatMap(({ run }, index) => [1, 2, 3].map((n) => run({ code: `print(${index}, ${n})` }))),
  )
  const expected = [0, 1, 2].flatMap((index) => [1, 2, 3].map((n) => `${index} ${n}`))
  expect(outcomes.map(({ output }) => output)).toEqual(expected)
})

const count = (file: string) => Number(text(file))

/** What a file of a cgroup says; empty if its container has ended. */
function text(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}
