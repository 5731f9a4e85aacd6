// The image of the server: what is in it, as whom it runs, how it ends, what it leaves.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config/config.ts'
import { isDead, OWNER_LABEL, ownerOfThisProcess } from '../../src/engines/owner.ts'
import { eventually, warmContainers } from '../support/docker.ts'
import { startServer } from '../support/server.ts'
import { API_IMAGE, type ApiContainer, buildImage, startApi } from './api-container.ts'

let api: ApiContainer
beforeAll(async () => {
  await buildImage()
  api = await startApi({ POOL_SIZE: '1', ENVIRONMENTS: 'python,data' }, [
    ...['--health-interval', '2s'],
  ])
})
afterAll(() => api?.remove())

function run(
  request: { code: string; environment?: string },
  port = api.port,
  headers = {},
): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/run`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(request),
  })
}

describe('the image', () => {
  it('does not say where its packages came from', async () => {
    const { stdout: registry } = await execa('npm', ['config', 'get', 'registry'])
    const { stdout: history } = await execa('docker', ['history', '--no-trunc', API_IMAGE])
    const { stdout: config } = await execa('docker', ['image', 'inspect', API_IMAGE])
    expect(history).not.toContain(new URL(registry).host)
    expect(config).not.toContain(new URL(registry).host)
    expect(history).not.toContain('NPM_REGISTRY')
  })

  it('has no compiler, no interpreter but Node, and nothing that installs', async () => {
    const args = ['run', '--rm', '--network', 'none', '--entrypoint', 'ls', API_IMAGE]
    const { stdout } = await execa('docker', [...args, '/usr/bin', '/usr/sbin', '/usr/local/bin'])
    const commands = stdout.split('\n')
    expect(commands).toEqual(expect.arrayContaining(['docker', 'node']))
    const unwanted =
      /^(apt.*|cc|c\+\+|corepack|curl|dockerd|dpkg.*|gcc.*|make|np[mx]|perl.*|python.*|wget)$/
    expect(commands.filter((command) => unwanted.test(command))).toEqual([])
  })

  it('has what the server needs to run, and not what builds it', async () => {
    const args = ['run', '--rm', '--network', 'none', '--entrypoint', 'ls', API_IMAGE]
    const { stdout: top } = await execa('docker', [...args, '/app', '/app/sandbox'])
    expect(top.split(/\s+/).filter(Boolean).sort()).toEqual(
      [
        ...['/app/sandbox:', '/app:', 'LICENSE', 'deploy', 'dist', 'node_modules', 'package.json'],
        ...['environments', 'probe.py', 'sandbox', 'seccomp.json'],
      ].sort(),
    )
    const { stdout: modules } = await execa('docker', [...args, '/app/node_modules'])
    expect(modules.split('\n')).toContain('hono')
    for (const name of ['typescript', 'vitest', 'esbuild', '@biomejs', 'playwright-core']) {
      expect(modules.split('\n')).not.toContain(name)
    }
  })
})

describe('the container', () => {
  it('becomes healthy', async () => {
    await eventually(
      'it is healthy',
      40_000,
      async () => (await api.inspect('{{.State.Health.Status}}')) === 'healthy',
    )
  })

  it('is not root, without capabilities, and can write nowhere', async () => {
    const pid = await api.inspect('{{.State.Pid}}')
    const { stdout } = await execa('docker', ['exec', api.name, 'cat', '/proc/1/status'])
    expect(Number(pid)).toBeGreaterThan(1)
    expect(stdout).toMatch(/^Uid:\t10001\t10001\t10001\t10001$/m)
    expect(stdout).toMatch(/^CapEff:\t0+$/m)
    expect(stdout).toMatch(/^NoNewPrivs:\t1$/m)
    const written = await execa('docker', ['exec', api.name, 'touch', '/app/x'], { reject: false })
    expect(written.stderr).toContain('Read-only file system')
  })

  it('runs programs in every environment, and its walls hold', async () => {
    for (const environment of ['python', 'data']) {
      const outcome = await (await run({ code: 'print(2 + 2)', environment })).json()
      expect(outcome).toMatchObject({ output: '4', status: 'ok' })
    }
    expect((await fetch(`http://127.0.0.1:${api.port}/readyz`)).status).toBe(200)
    const { stdout } = await execa('docker', ['logs', api.name])
    expect(stdout).toContain('the walls were tried, and hold')
    expect(stdout, 'no warning, of the records neither').not.toMatch(/"level":[456]0/)
  })

  it('takes as many programs as its host has cores for, and says where its own memory is too small', async () => {
    const small = await startApi({ POOL_SIZE: '1' }, ['--cpus', '0.5', '--memory', '300m'])
    try {
      const { stdout } = await execa('docker', ['logs', small.name])
      expect(stdout).toContain(`"MAX_RUNNING":${parseConfig({}).MAX_RUNNING},`)
      expect(stdout).toContain('"limitMb":300,')
    } finally {
      await small.remove()
    }
  })

  it.each(['runc', 'crun'])('says that ENGINE=%s is not for it, and stops', async (engine) => {
    const { exitCode, stderr } = await execa(
      'docker',
      ['run', '--rm', '--network', 'none', '--env', `ENGINE=${engine}`, API_IMAGE],
      { reject: false },
    )
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`ENGINE=${engine} is for a server on the host`),
    })
  })

  it('removes what never ran of servers outside of it, and believes none of them dead', async () => {
    const outside = ownerOfThisProcess()
    const own = await api.inspect('{{.State.Pid}}') // of the host: not what its own label says
    const [sandbox = ''] = await api.sandboxes()
    const label = sandbox.split(' ')[1] ?? ''
    expect(label).toMatch(/\/1\/\d+$/)
    expect(own).not.toBe('1')
    expect(isDead(label)).toBe(false)
    const ask =
      "import('/app/dist/engines/owner.js').then(({ isDead }) => console.log(isDead(process.argv[1])))"
    const { stdout: asked } = await execa('docker', [
      ...['exec', api.name, 'node', '-e', ask, outside],
    ])
    expect(asked).toBe('false')

    const image = 'safe-code-executor-python'
    const docker = async (...args: string[]) => {
      const more = ['--network', 'none', '--label', `${OWNER_LABEL}=${outside}`, image]
      return (await execa('docker', [...args, ...more, 'sleep', '200'])).stdout
    }
    const made = await docker('create')
    const running = await docker('run', '--detach', '--rm')
    try {
      // It has to be seen for a minute, and is looked for every half.
      await eventually('it is removed', 130_000, async () => {
        const { stdout } = await execa('docker', ['ps', '--all', '--no-trunc', '--quiet'])
        expect(stdout).toContain(running)
        return !stdout.includes(made)
      })
      const { stdout: log } = await execa('docker', ['logs', api.name])
      expect(log).toMatch(/"state":"created".*a leftover was removed/)
    } finally {
      await execa('docker', ['rm', '--force', running, made], { reject: false })
    }
  }, 180_000)

  it('leaves no process behind that has ended', async () => {
    for (let count = 0; count < 5; count += 1)
      expect((await run({ code: 'pass' })).status).toBe(200)
    // One that ended just now may be waited for in a moment.
    await eventually('every process that ended is waited for', 5000, async () => {
      const states = await execa('docker', ['top', api.name, '-e', '-o', 'pid,stat,comm'])
      expect(states.stdout).toMatch(/node|MainThread/)
      return !/^\d+ +Z/m.test(states.stdout)
    })
  })

  it('and a server on the host leave each other’s containers alone', async () => {
    // Started here: containers that have waited for minutes are replaced by their own server.
    const young = await startApi({ POOL_SIZE: '2' })
    try {
      // By its own count, and with no other one, which a trial of the walls has for a while.
      await eventually('two containers wait', 30_000, async () => {
        const metrics = await (await fetch(`http://127.0.0.1:${young.port}/metrics`)).text()
        const isReady = /^\S*pool_ready\{environment="python"\} 2$/m.test(metrics)
        return isReady && (await young.sandboxes()).length === 2
      })
      const before = await young.sandboxes()
      const server = await startServer({ POOL_SIZE: '1' })
      try {
        expect(await young.sandboxes()).toEqual(before)
        const other = await startApi({ POOL_SIZE: '0' })
        try {
          await warmContainers(server, 1)
          expect(await young.sandboxes()).toEqual(before)
        } finally {
          await other.remove()
        }
      } finally {
        await server.stop()
      }
    } finally {
      await young.remove()
    }
  })

  it('makes keys, and takes one that is made while it runs', async () => {
    const folder = mkdtempSync(`${tmpdir()}/sce-deploy-keys-`)
    chmodSync(folder, 0o777) // an operator gives it to user 10001
    const mount = ['--volume', `${folder}:/keys`]
    const newKey = async (name: string) => {
      const args = ['run', '--rm', '--network', 'none', ...mount, API_IMAGE]
      const command = ['key', 'new', name, '--file', '/keys/keys.json']
      return (await execa('docker', [...args, ...command])).stdout.trim()
    }
    const status = async (port: number, key: string) =>
      (await run({ code: 'pass' }, port, { Authorization: `Bearer ${key}` })).status
    const first = await newKey('first')
    const settings = { POOL_SIZE: '0', API_KEYS_FILE: '/keys/keys.json' }
    const { port, remove } = await startApi(settings, [...mount.slice(0, 1), `${mount[1]}:ro`])
    try {
      expect((await run({ code: 'pass' }, port)).status).toBe(401)
      expect(await status(port, first)).toBe(200)
      const second = await newKey('second')
      await eventually('it has read the file', 10_000, async () => {
        return (await status(port, second)) === 200
      })
    } finally {
      await remove()
      rmSync(folder, { recursive: true })
    }
  })

  it('ends in order: what runs may end, and no container stays', async () => {
    const answer = run({ code: 'import time\ntime.sleep(2)\nprint("ended")' })
    await eventually('it runs', 10_000, async () => (await api.sandboxes()).length > 0)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await api.stop()).toBe(0)
    expect(await (await answer).json()).toMatchObject({ output: 'ended', status: 'ok' })
    expect(await api.sandboxes()).toEqual([])
    const { stdout } = await execa('docker', ['logs', '--tail', '1', api.name])
    expect(JSON.parse(stdout)).toMatchObject({ msg: 'ended' })
  })
})
