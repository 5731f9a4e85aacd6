// Cgroups of version 1, 2 and both, in folders that look like those of the kernel.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cgroups } from '../../../src/engines/cgroups.ts'

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
    expect(new Cgroups(root).layout).toBe(layout)
  })
})

describe('kills for memory', () => {
  it('are counted in memory.events', async () => {
    file('cgroup.controllers', '')
    file('safe-code-executor/a/memory.events', 'low 0\noom 2\noom_kill 1\noom_group_kill 0\n')
    expect(await new Cgroups(root).oomKills('a')).toBe(1)
    expect(await new Cgroups(root).oomKills('b')).toBe(0)
  })

  it('are counted in memory.oom_control', async () => {
    file(
      'memory/safe-code-executor/a/memory.oom_control',
      'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n',
    )
    expect(await new Cgroups(root).oomKills('a')).toBe(3)
  })
})

it('tells whether a process is left', async () => {
  file('pids/safe-code-executor/a/cgroup.procs', '4321\n')
  file('pids/safe-code-executor/b/cgroup.procs', '')
  const cgroups = new Cgroups(root)
  expect([await cgroups.isAlive('a'), await cgroups.isAlive('b')]).toEqual([true, false])
  expect(await cgroups.isAlive('c')).toBe(false)
})

it('removes a cgroup in every hierarchy, says when one stays, and does not mind one that is gone', async () => {
  for (const name of ['memory', 'pids', 'cpu']) {
    mkdirSync(join(root, name, 'safe-code-executor/a'), { recursive: true })
  }
  const cgroups = new Cgroups(root)
  file('cpu/safe-code-executor/a/in-use', '')
  expect(await cgroups.remove('a')).toBe(false)
  rmSync(join(root, 'cpu/safe-code-executor/a/in-use'))
  expect(await cgroups.remove('a')).toBe(true)
  expect(await cgroups.remove('a')).toBe(true)
})
