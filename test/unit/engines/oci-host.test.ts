// What a server may use of its host, in folders that look like a host.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ociHost, ROOT_HOST } from '../../../src/engines/oci-host.ts'

const WHOLE = '         0          0 4294967295\n'
const MAPPED = '         0        998          1\n         1     100000      65535\n'
const UNIT = '/system.slice/safe-code-executor.service'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'host-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function file(path: string, text: string) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

/** A host with everything that a server without root needs, and such a server in its user namespace. */
function rootlessHost({ map = MAPPED, controllers = 'cpu io memory pids' } = {}) {
  file('proc/self/uid_map', map)
  file('proc/self/gid_map', map)
  file('proc/self/cgroup', `0::${UNIT}/server\n`)
  file('sys/fs/cgroup/cgroup.controllers', 'cpu io memory pids\n')
  file(`sys/fs/cgroup${UNIT}/cgroup.controllers`, `${controllers}\n`)
  for (const name of ['procs', 'subtree_control']) {
    file(`sys/fs/cgroup${UNIT}/cgroup.${name}`, '')
  }
  file('etc/subuid', 'runner:100000:65536\n')
  file('etc/subgid', 'runner:100000:65536\n')
  file('usr/bin/newuidmap', '')
}

const rootless = () => ociHost({ root, uid: 0, runtimeDirectory: '/run/runner' })
const user = () => ociHost({ root, uid: 998, user: 'runner', runtimeDirectory: '/run/runner' })

it('is the whole one for root', () => {
  file('proc/self/uid_map', WHOLE)
  file('proc/self/gid_map', WHOLE)
  file('proc/self/cgroup', '0::/\n')
  expect(ociHost({ root, uid: 0, runtimeDirectory: '/run/other' })).toBe(ROOT_HOST)
})

it('is the part of a user namespace, with its own ids, folder and cgroup', () => {
  rootlessHost()
  expect(rootless()).toEqual({
    state: '/run/runner',
    cgroupParent: `${UNIT}/containers`,
    ids: { first: 1, count: 65_535 },
    isRootless: true,
  })
})

it('has no id that is missing for users or for groups', () => {
  rootlessHost()
  file('proc/self/gid_map', '0 998 1\n1 100000 5000\n')
  expect(rootless().ids).toEqual({ first: 1, count: 5000 })
})

describe('names what is missing', () => {
  it('to a user that has everything: a user namespace', () => {
    rootlessHost()
    file('proc/self/uid_map', WHOLE)
    expect(user).toThrow(/^needs a server that runs as root, or in a user namespace \([^;]*\)$/)
  })

  it.each([
    ['cgroup version 2', () => rmSync(join(root, 'sys/fs/cgroup/cgroup.controllers'))],
    [
      'Ubuntu 24.04 restricts them',
      () => file('proc/sys/kernel/apparmor_restrict_unprivileged_userns', '1\n'),
    ],
    ['unprivileged_userns_clone=1', () => file('proc/sys/kernel/unprivileged_userns_clone', '0\n')],
    ['max_user_namespaces above 0', () => file('proc/sys/user/max_user_namespaces', '0\n')],
    ['a range of runner in /etc/subuid', () => file('etc/subuid', 'other:100000:65536\n')],
    ['a range of runner in /etc/subgid', () => rmSync(join(root, 'etc/subgid'))],
    ['newuidmap', () => rmSync(join(root, 'usr/bin/newuidmap'))],
  ])('to a user: %s', (text, take) => {
    rootlessHost()
    file('proc/self/uid_map', WHOLE)
    take()
    expect(user).toThrow(text)
  })

  it.each([
    ['2000 subordinate ids; this user namespace has 0', { map: '0 998 1\n' }, () => {}],
    ['the controllers cpu, pids in the delegated', { controllers: 'memory' }, () => {}],
    ['a delegated cgroup', {}, () => rmSync(join(root, `sys/fs/cgroup${UNIT}/cgroup.procs`))],
    ['a delegated cgroup', {}, () => file('proc/self/cgroup', '0::/\n')],
  ])('to a server in a user namespace: %s', (text, host, take) => {
    rootlessHost(host)
    take()
    expect(rootless).toThrow(text)
  })

  it('to a server in a user namespace that AppArmor restricts, and only there', () => {
    rootlessHost()
    file('proc/sys/kernel/apparmor_restrict_unprivileged_userns', '1\n')
    file('proc/self/attr/current', 'unconfined\n')
    expect(rootless().isRootless).toBe(true)
    file('proc/self/attr/current', 'unprivileged_userns (enforce)\n')
    expect(rootless).toThrow('an AppArmor profile that allows user namespaces')
  })

  it('to a server without a folder for its state', () => {
    rootlessHost()
    expect(() => ociHost({ root, uid: 0, runtimeDirectory: '' })).toThrow('RuntimeDirectory=')
  })
})
