// Faults of a host with ENGINE=runc or crun: clear words, 503, and recovery without a restart.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { containersOf, eventually } from '../support/docker.ts'
import { ENGINE, removeByHand } from '../support/engine.ts'
import { type Server, startServer } from '../support/server.ts'

const STATE = '/run/safe-code-executor'
const IMAGES = '/var/lib/safe-code-executor/images'
const IMAGE = 'safe-code-executor-python'
const SETTINGS = { POOL_SIZE: '1', MAX_RUNNING: '2' }

let folder: string
beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/sce-faults-`)
})
afterAll(() => rmSync(folder, { recursive: true }))

let server: Server
afterEach(() => server?.stop())

/** A server in a mount namespace of its own, in which `commands` were run first: faults there are no faults of the host. */
async function startIn(commands: string): Promise<Server> {
  const script = `${folder}/start.sh`
  writeFileSync(script, `set -e\n${commands}\nexec node dist/main.js\n`)
  return startServer(SETTINGS, `unshare --mount --propagation=slave sh ${script}`)
}

/** Runs a command in the server's mount namespace. */
async function inNamespace(...command: string[]) {
  return execa('nsenter', [`--mount=/proc/${server.pid}/ns/mnt`, ...command], { reject: false })
}

/** `cause` brings the fault about, once more before each program. */
async function expectUnavailable(words: RegExp, cause: () => unknown = () => {}): Promise<void> {
  let answer: unknown
  await eventually('no program runs', 60_000, async () => {
    await cause()
    const response = await server.post({ code: 'print(1)' })
    answer = await response.json()
    return response.status === 503
  })
  expect(answer).toMatchObject({ output: '', code: 'unavailable' })
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  expect(server.log.join('\n')).toMatch(words)
}

async function expectRecovery(): Promise<void> {
  await eventually('it is ready again', 30_000, async () => {
    return (await fetch(`${server.url}/readyz`)).status === 200
  })
  expect(await server.run({ code: 'print("back")' })).toMatchObject({ output: 'back', error: '' })
}

it('is unavailable while the runtime is not there, says so, and recovers', async () => {
  server = await startIn('')
  const { stdout: runtime } = await execa('which', [ENGINE])
  await inNamespace('mount', '--bind', '/dev/null', runtime)
  await expectUnavailable(new RegExp(`${ENGINE}.*(ermission denied|not found)`))
  await inNamespace('umount', runtime)
  await expectRecovery()
}, 120_000)

it('is unavailable while the file system of the image is empty, says so, and recovers', async () => {
  server = await startIn('')
  const image = (await execa('readlink', ['-f', `${IMAGES}/${IMAGE}`])).stdout
  await inNamespace('mount', '-t', 'tmpfs', 'tmpfs', `${image}/rootfs`)
  await expectUnavailable(/rootfs\/dev|timeout/)
  await inNamespace('umount', `${image}/rootfs`)
  await expectRecovery()
}, 120_000)

it('is unavailable while there is no room for its state, says so, and recovers', async () => {
  server = await startIn(`mount -t tmpfs -o size=512k,mode=0711 tmpfs ${STATE}`)
  // A container that ends gives some room back.
  let files = 0
  await expectUnavailable(/ENOSPC|no space left/i, () => {
    files += 1
    return inNamespace('dd', 'if=/dev/zero', `of=${STATE}/large-${files}`, 'bs=1k')
  })
  await inNamespace('sh', '-c', `rm ${STATE}/large-*`)
  await expectRecovery()
}, 120_000)

it('tells of a container that was killed from outside, and goes on', async () => {
  server = await startServer(SETTINGS)
  const code = 'import time; print("started"); time.sleep(9)'
  const running = server.run({ code })
  await new Promise((resolve) => setTimeout(resolve, 1500))
  await removeByHand(await containersOf(server.pid))
  const outcome = await running
  expect(outcome).toMatchObject({ output: 'started', status: 'killed' })
  // The runner told nothing: this is what the host counted.
  expect(outcome.cpuMs).toBeGreaterThan(0)
  expect(outcome.peakMemoryBytes).toBeGreaterThan(1_000_000)
  expect(await server.run({ code: 'print("next")' })).toMatchObject({ output: 'next' })
})

it('leaves nothing of a server that is killed while it starts containers: the next start sweeps', async () => {
  server = await startServer({ ...SETTINGS, POOL_SIZE: '0' })
  const { pid } = server
  const hanging = Array.from({ length: 8 }, () => server.post({ code: 'print(1)' }).catch(() => ''))
  await new Promise((resolve) => setTimeout(resolve, 40))
  await server.stop('SIGKILL')
  await Promise.all(hanging)
  server = await startServer(SETTINGS)
  await eventually('it is swept', 15_000, async () => (await containersOf(pid)).length === 0)
  const waiting = (await containersOf(server.pid)).length
  expect(readdirSync(`${STATE}/ids`).length).toBeLessThanOrEqual(waiting + 2)
})
