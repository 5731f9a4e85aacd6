// After all suites: no container, process, mount or file of theirs is left. Runs last.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { allContainers, eventually } from './support/docker.ts'

/** How long the engine may take to remove what has ended, in milliseconds. */
const REMOVAL_TIMEOUT_MS = 20_000
/** How the tests name their folders. */
const TEST_FOLDER = /^(sce-|safe-code-executor-)/

const commandLines = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')
      } catch {
        return ''
      }
    })

/** Containers whose server has ended; those of a server that runs beside the tests are its own. */
async function orphans(): Promise<string[]> {
  const all = [...(await allContainers('docker')), ...(await allContainers('oci'))]
  return all.filter((line) => {
    const pid = line.split('/')[1]
    return !(pid && readdirSync('/proc').includes(pid))
  })
}

it('leaves no container', async () => {
  await eventually('they are gone', REMOVAL_TIMEOUT_MS, async () => (await orphans()).length === 0)
})

it('leaves no cgroup and no state of an OCI runtime', () => {
  const state = '/run/safe-code-executor'
  const folders = ['containers', 'ids', 'runc', 'crun'].map((name) => `${state}/${name}`)
  const cgroups = readdirSync('/sys/fs/cgroup').map(
    (name) => `/sys/fs/cgroup/${name}/safe-code-executor`,
  )
  const left = [...folders, ...cgroups, '/sys/fs/cgroup/safe-code-executor']
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { withFileTypes: true }).map((entry) => ({ folder, entry })),
    )
    .filter(({ entry }) => entry.name !== '.cache') // crun's compiled filters, of no container
    .filter(({ folder, entry }) => entry.isDirectory() || folder.endsWith('/ids'))
    .map(({ folder, entry }) => `${folder}/${entry.name}`)
  expect(left).toEqual([])
})

it('leaves no process', () => {
  const left = commandLines().filter(
    (line) =>
      line.includes(`${tmpdir()}/sce-`) ||
      /^\S*(node dist\/main\.js|deno run .* src\/main\.ts)/.test(line),
  )
  expect(left).toEqual([])
})

it('leaves no mount', () => {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  expect(mounts.filter((line) => line.includes(`${tmpdir()}/sce-`))).toEqual([])
})

it('leaves no file', () => {
  expect(readdirSync(tmpdir()).filter((name) => TEST_FOLDER.test(name))).toEqual([])
})
