// Cgroups of version 1, 2 and both, in folders that look like those of the kernel.

import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cgroups } from '../../../src/engines/cgroups.ts'
import { ROOT_HOST } from '../../../src/engines/oci-host.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cgroups-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function file(path: string, text: string) {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text)
}

describe('the layout', () => {
  it.each([
    ['v2', ['cgroup.controllers']],
    ['hybrid', ['memory/tasks', 'pids/tasks', 'unified/cgroup.procs']],
    ['v1', ['memory/tasks', 'pids/tasks']],
  ] as const)('is %s', (layout, files) => {
    for (const path of files) file(path, '')
    expect(new Cgroups(ROOT_HOST, root).layout).toBe(layout)
  })
})

/** The files of version 1 or 2 with these numbers in them. */
const memory = {
  v1: (kills: number, hits: number) => {
    file('memory/safe-code-executor/a/memory.oom_control', `under_oom 0\noom_kill ${kills}\n`)
    file('memory/safe-code-executor/a/memory.failcnt', `${hits}\n`)
  },
  v2: (kills: number, hits: number) => {
    file('cgroup.controllers', '')
    file('safe-code-executor/a/memory.events', `max 9\noom ${hits}\noom_kill ${kills}\n`)
  },
}

describe.each(['v1', 'v2'] as const)('kills for memory, %s', (version) => {
  it.each([
    ['a container that reached its limit', 1, 2, true],
    ['a container without a kill', 0, 2, false],
    ['a host without memory', 1, 0, false],
  ])('are told of %s', async (_, kills, hits, isOom) => {
    memory[version](kills, hits)
    expect(await new Cgroups(ROOT_HOST, root).sawOom('a')).toBe(isOom)
    expect(await new Cgroups(ROOT_HOST, root).sawOom('b')).toBe(false)
  })
})

describe('usage', () => {
  it('is read from version 1', async () => {
    file('cpuacct/safe-code-executor/a/cpuacct.usage', '12500000\n')
    file('memory/safe-code-executor/a/memory.max_usage_in_bytes', '4096\n')
    expect(await new Cgroups(ROOT_HOST, root).usage('a')).toEqual({
      cpuMs: 12.5,
      peakMemoryBytes: 4096,
    })
  })

  it('is read from version 2, as far as the kernel counts it', async () => {
    file('cgroup.controllers', '')
    file('safe-code-executor/a/cpu.stat', 'usage_usec 12500\nuser_usec 10000\n')
    expect(await new Cgroups(ROOT_HOST, root).usage('a')).toEqual({ cpuMs: 12.5 })
    file('safe-code-executor/a/memory.peak', '4096\n')
    expect(await new Cgroups(ROOT_HOST, root).usage('a')).toEqual({
      cpuMs: 12.5,
      peakMemoryBytes: 4096,
    })
  })

  it('is unknown of a container that is gone', async () => {
    file('memory/tasks', '')
    expect(await new Cgroups(ROOT_HOST, root).usage('a')).toEqual({})
  })
})

it('tells whether a process is left', async () => {
  file('pids/safe-code-executor/a/cgroup.procs', '4321\n')
  file('pids/safe-code-executor/b/cgroup.procs', '')
  const cgroups = new Cgroups(ROOT_HOST, root)
  expect([await cgroups.isAlive('a'), await cgroups.isAlive('b')]).toEqual([true, false])
  expect(await cgroups.isAlive('c')).toBe(false)
})

it('removes a cgroup in every hierarchy, says when one stays, and does not mind one that is gone', async () => {
  for (const name of ['memory', 'pids', 'cpu']) {
    mkdirSync(join(root, name, 'safe-code-executor/a'), { recursive: true })
  }
  const cgroups = new Cgroups(ROOT_HOST, root)
  file('cpu/safe-code-executor/a/in-use', '')
  expect(await cgroups.remove('a')).toBe(false)
  rmSync(join(root, 'cpu/safe-code-executor/a/in-use'))
  expect(await cgroups.remove('a')).toBe(true)
  expect(await cgroups.remove('a')).toBe(true)
})

it('makes the parent of all containers in a delegated cgroup, open to the root of each', () => {
  file('cgroup.controllers', '')
  file('unit/cgroup.subtree_control', '')
  file('unit/containers/cgroup.subtree_control', '')
  chmodSync(join(root, 'unit/containers'), 0o700)
  new Cgroups({ cgroupParent: '/unit/containers' }, root).delegate()
  for (const folder of ['unit', 'unit/containers']) {
    const text = readFileSync(join(root, folder, 'cgroup.subtree_control'), 'utf8')
    expect(text).toBe('+cpu +memory +pids')
  }
  expect(statSync(join(root, 'unit/containers')).mode & 0o777).toBe(0o755)
})
