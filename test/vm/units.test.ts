// The unit of deploy/ under systemd: it serves, its restrictions let the engine work, and a stop leaves nothing.

import { copyFileSync, existsSync, symlinkSync, writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/docker.ts'
import { containers, slowHost } from './host.ts'

const UNIT = 'safe-code-executor.service'
const UNITS = '/etc/systemd/system'
const FOLDER = '/opt/safe-code-executor'
const PORT = '8000'
const url = `http://127.0.0.1:${PORT}`

beforeAll(async () => {
  if (!existsSync(FOLDER)) symlinkSync(process.cwd(), FOLDER)
  const home = ['--system', '--home-dir', '/var/lib/safe-code-executor', '--shell', '/bin/false']
  await execa('useradd', [...home, 'safe-code-executor'], { reject: false })
  copyFileSync(`deploy/${UNIT}`, `${UNITS}/${UNIT}`)
})
afterEach(async () => {
  await execa('systemctl', ['stop', UNIT], { reject: false })
})

async function start(): Promise<void> {
  const settings = { ...slowHost('docker'), PORT, HOST: '127.0.0.1' }
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
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

const journal = async () =>
  (await execa('journalctl', ['--unit', UNIT, '--no-pager', '--output', 'cat'])).stdout

async function run(code: string): Promise<{ output: string; status: string }> {
  const headers = { 'Content-Type': 'application/json' }
  const body = JSON.stringify({ code })
  const answer = await fetch(`${url}/run`, { method: 'POST', headers, body })
  return (await answer.json()) as { output: string; status: string }
}

it('serves under its unit, with every wall, and leaves nothing', async () => {
  await start()
  expect(await run('print(2 + 2)')).toMatchObject({ output: '4', status: 'ok' })
  expect(await run('blocks = []\nwhile True: blocks.append(bytearray(2**20))')).toMatchObject({
    status: 'oom',
  })
  expect(await journal()).toContain('the walls were tried, and hold')
  await execa('systemctl', ['stop', UNIT])
  const { stdout } = await execa('systemctl', ['show', '--property=Result', UNIT])
  expect(stdout).toBe('Result=success')
  expect(await containers('docker')).toEqual([])
})
