// What a probe saw -> which walls hold: one wall taken away at a time.

import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'
import { containerSpec } from '../../../src/executor/spec.ts'
import { type Inside, judge } from '../../../src/executor/walls.ts'
import { GOOD } from './inside.ts'

const spec = containerSpec(parseConfig({ READ_ONLY_MOUNTS: '/srv/data:/data' }), 'test')
const gvisor = { ...spec, runtime: 'runsc' }

const missing = (change: Partial<Inside>, of = spec) =>
  judge({ ...GOOD, ...change }, of)
    .filter(({ holds }) => !holds)
    .map(({ wall }) => wall)
const cgroup = (change: Record<string, string | null>) => ({
  cgroup: { ...GOOD.cgroup, ...change },
})

describe('judge', () => {
  it('finds nothing missing where all is as it should be', () => {
    expect(missing({})).toEqual([])
    expect(missing({ interfaces: ['lo', 'tunl0', 'sit0'] })).toEqual([])
    expect(missing({ processes: null })).toEqual([])
    expect(missing(cgroup({ swap: '0' }))).toEqual([])
    for (const swap of ['134217728', '134221824']) {
      const inBytes = { memory: '134217728', swap, cpu: '100000' }
      expect(missing({ cgroupVersion: 1, ...cgroup(inBytes) })).toEqual([])
    }
  })

  it('has words for every wall', () => {
    for (const { wall, tried, seen, advice } of judge(GOOD, spec)) {
      expect(tried, wall).toMatch(/\w/)
      expect(seen, wall).toMatch(/\w/)
      expect(advice, wall).toMatch(/\w/)
    }
  })

  it('misses the user namespace of an OCI runtime, and asks none of Docker', () => {
    const oci = { ...spec, hasUserNamespace: true }
    expect(missing({}, oci)).toEqual(['user'])
    expect(missing({ userNamespace: true }, oci)).toEqual([])
  })

  it.each<[string, Partial<Inside>]>([
    ['user', { userId: 0 }],
    ['capabilities', { capabilities: ['CapEff'] }],
    ['no new privileges', { noNewPrivileges: false }],
    ['system calls', { seccomp: 0 }],
    ['system calls', { calls: { ptrace: 'done', AF_VSOCK: 'EPERM' } }],
    ['read-only root', { readOnlyRoot: false }],
    ['read-only root', { writable: ['/etc'] }],
    ['read-only root', { writable: ['/data'] }],
    ['mounted data', { readOnlyFolders: { '/data': false } }],
    ['network', { interfaces: ['lo', 'eth0'] }],
    ['network', { connect: 'done' }],
    ['network', { connect: 'timeout' }],
    ['size of /tmp', { tmpBytes: 17 * 2 ** 20 }],
    ['files in /tmp', { tmpFiles: 4112 }],
    ['size of /dev/shm', { shmBytes: 17 * 2 ** 20 }],
    ['processes', { processes: 65 }],
    ['processes', { processes: null, ...cgroup({ pids: 'max' }) }],
    ['processes', { processes: null, ...cgroup({ pids: '65' }) }],
    ['open files', { openFiles: 1032 }],
    ['file size and core files', { coreBytes: -1 }],
    ['file size and core files', { fileBytes: -1 }],
    ['memory', cgroup({ memory: 'max' })],
    ['memory', cgroup({ memory: '9223372036854771712' })],
    ['swap', cgroup({ swap: 'max' })],
    ['swap', cgroup({ swap: '134217728' })],
    ['swap', cgroup({ swap: '8192' })],
    ['swap', { cgroupVersion: 1, ...cgroup({ swap: '268435456' }) }],
    ['swap', { cgroupVersion: 1, ...cgroup({ swap: '134225920' }) }],
    ['swap', cgroup({ swap: null })],
    ['CPU quota', cgroup({ cpu: 'max 100000' })],
    ['CPU quota', cgroup({ cpu: '-1' })],
  ])('misses %s: %j', (wall, change) => {
    expect(missing(change)).toEqual([wall])
  })

  it('takes a limit that can not be seen from inside for held; doctor tries it', () => {
    const unseen = { memory: null, swap: null, cpu: null, pids: null }
    expect(missing({ cgroupVersion: null, ...cgroup(unseen) })).toEqual([])
  })

  it('asks for no limit of swap where the host has none', () => {
    expect(missing({ hostSwapBytes: 0, ...cgroup({ swap: null }) })).toEqual([])
    expect(missing({ hostSwapBytes: 0, ...cgroup({ swap: 'max' }) })).toEqual(['swap'])
  })

  it('misses every wall of which the probe could not find out something, and says why', () => {
    const { interfaces: _, cgroup: __, ...rest } = GOOD
    const failures = { interfaces: 'PermissionError: [Errno 13] /proc/net/dev' }
    const findings = judge({ ...rest, failures }, spec).filter(({ holds }) => !holds)
    expect(findings.map(({ wall }) => wall)).toEqual([
      ...['network', 'processes', 'memory', 'swap', 'CPU quota'],
    ])
    expect(findings[0]).toMatchObject({ seen: failures.interfaces, tried: expect.any(String) })
    expect(findings[1]?.seen).toBe('the probe says nothing of it')
  })

  it('asks nothing of what only the dear trials find out, where the cheap ones were made', () => {
    const { tmpBytes, tmpFiles, shmBytes, openFiles, ...cheap } = { ...GOOD, processes: null }
    expect(judge(cheap, spec, 'cheap').filter(({ holds }) => !holds)).toEqual([])
    expect(
      judge({ ...cheap, ...cgroup({ swap: 'max', pids: 'max' }) }, spec, 'cheap'),
    ).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ wall: 'swap', holds: false }),
        expect.objectContaining({ wall: 'processes', holds: false }),
      ]),
    )
    expect(
      judge(cheap, spec)
        .filter(({ holds }) => !holds)
        .map(({ wall }) => wall),
    ).toEqual([...['size of /tmp', 'files in /tmp', 'size of /dev/shm', 'open files']])
  })

  it('asks of gVisor what gVisor has, and the rest all the same', () => {
    const inGvisor = { seccomp: 0, noNewPrivileges: false, calls: { ptrace: 'done' } }
    expect(missing({ ...inGvisor, processes: 72, tmpFiles: 4112 }, gvisor)).toEqual([])
    expect(missing({ writable: ['/etc'], userId: 0 }, gvisor)).toEqual(['user', 'read-only root'])
  })
})
