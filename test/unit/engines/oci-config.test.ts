// The table of limits as config.json: pinned limit by limit, and against the rows for Docker.

import { describe, expect, it } from 'vitest'
import { mergeParts } from '../../../src/engines/oci-config.ts'
import { ociConfig, pathsToBind } from '../../../src/engines/printed-limits.ts'
import { PYTHON_SPEC } from './python-spec.ts'

const seccomp = { defaultAction: 'SCMP_ACT_ERRNO', architectures: [], syscalls: [] }
const image = {
  rootfs: '/run/box-1/rootfs',
  env: ['PATH=/usr/bin', 'HOME=/tmp', 'OMP_NUM_THREADS=64'],
  cwd: '/tmp',
  seccomp,
  annotations: { image: 'abc' },
  cgroupParent: '/safe-code-executor',
  hasBoundDevices: false,
  boundMasks: [
    { path: '/proc/keys', isFolder: false },
    { path: '/proc/scsi', isFolder: true },
  ],
}
const identity = { name: 'box-0123456789abcdef', userId: 20_007, firstHostId: 1_900_000_000 }
const spec = { ...PYTHON_SPEC, mounts: [{ source: '/srv/data', target: '/data' }] }
const config = ociConfig(spec, identity, image)
const { process, linux } = config
const mountOn = (path: string) => config.mounts.find(({ destination }) => destination === path)

describe('config.json', () => {
  it('names the AppArmor profile where the host has one', () => {
    expect(process).not.toHaveProperty('apparmorProfile')
    const confined = ociConfig(spec, identity, { ...image, apparmorProfile: 'box' })
    expect(confined.process.apparmorProfile).toBe('box')
  })

  it('names its owner and its image, and takes a compiled filter beside the profile', () => {
    expect(config.annotations).toEqual({ ...spec.labels, image: 'abc' })
    const compiled = ociConfig(spec, identity, { ...image, compiledSeccomp: 'AAAA' })
    expect(compiled.annotations['run.oci.seccomp_bpf_data']).toBe('AAAA')
    expect(compiled.linux.seccomp).toEqual(seccomp) // for a runtime that does not know the annotation
  })

  it('bounds memory, swap, CPU and processes as the flags of docker run do', () => {
    expect(linux.resources).toEqual({
      devices: [{ allow: false, access: 'rwm' }],
      memory: { limit: 134_217_728, swap: 134_221_824 },
      cpu: { quota: 100_000, period: 100_000 },
      pids: { limit: 64 },
    })
    expect(linux.cgroupsPath).toBe('/safe-code-executor/box-0123456789abcdef')
  })

  it('has a namespace of every kind', () => {
    const types = linux.namespaces.map(({ type }) => type).sort()
    expect(types).toEqual(['cgroup', 'ipc', 'mount', 'network', 'pid', 'user', 'uts'])
  })

  it('maps root and the one user, each to a number of the host that nothing else has', () => {
    expect(linux.uidMappings).toEqual([
      { containerID: 0, hostID: 1_900_000_000, size: 1 },
      { containerID: 20_007, hostID: 1_900_000_001, size: 1 },
    ])
    expect(linux.gidMappings).toEqual([
      { containerID: 0, hostID: 1_900_000_000, size: 1 },
      { containerID: 65_534, hostID: 1_900_000_001, size: 1 },
    ])
  })

  it('starts the runner within the lifetime, as the user, without privileges', () => {
    expect(process).toEqual({
      terminal: false,
      user: { uid: 20_007, gid: 65_534 },
      args: [
        ...['timeout', '--signal=KILL', '345'],
        ...['python3', '-I', '-u', '-X', 'cpu_count=1', '/usr/lib/sandbox/runner.pyc'],
      ],
      env: [
        ...['PYTHON_CPU_COUNT=1', 'OMP_NUM_THREADS=1', 'OPENBLAS_NUM_THREADS=1'],
        ...['MKL_NUM_THREADS=1', 'PATH=/usr/bin', 'HOME=/tmp'],
      ],
      cwd: '/tmp',
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      rlimits: [
        { type: 'RLIMIT_CORE', hard: 0, soft: 0 },
        { type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 },
        { type: 'RLIMIT_FSIZE', hard: 134_217_728, soft: 134_217_728 },
        { type: 'RLIMIT_NPROC', hard: 256, soft: 256 },
        { type: 'RLIMIT_SIGPENDING', hard: 256, soft: 256 },
        { type: 'RLIMIT_MSGQUEUE', hard: 0, soft: 0 },
      ],
      noNewPrivileges: true,
      oomScoreAdj: 500,
    })
    expect(linux.seccomp).toEqual(seccomp)
  })

  it('has a read-only root and bounded folders in memory', () => {
    expect(config.root).toEqual({ path: '/run/box-1/rootfs', readonly: true })
    const tmpfs = ['rw', 'noexec', 'nosuid', 'nodev', 'mode=1777', 'size=16777216']
    expect(mountOn('/tmp')?.options).toEqual([...tmpfs, 'nr_inodes=4096'])
    expect(mountOn('/dev/shm')?.options).toEqual(tmpfs)
    const writable = config.mounts.filter(({ options }) => !options.includes('ro'))
    const paths = writable.map(({ destination }) => destination)
    expect(paths).toEqual(['/dev/mqueue', '/dev/pts', '/dev/shm', '/proc', '/tmp'])
  })

  it('has the devices of its own root, and none of the host', () => {
    expect(mountOn('/dev')).toEqual({
      ...{ destination: '/dev', type: 'bind', source: '/run/box-1/rootfs/dev' },
      options: ['bind', 'private', 'ro', 'nosuid', 'noexec'],
    })
    expect(mountOn('/proc/keys')?.source).toBe('/run/box-1/rootfs/dev/null')
  })

  it('keeps the devices that a server without root has mounted there, and its cgroup', () => {
    const rootless = { ...image, hasBoundDevices: true, cgroupParent: '/unit/containers' }
    const { mounts, linux } = ociConfig(spec, identity, rootless)
    const devices = mounts.find(({ destination }) => destination === '/dev')
    expect(devices?.options).toEqual(['rbind', 'private', 'ro', 'nosuid', 'noexec'])
    expect(linux.cgroupsPath).toBe(`/unit/containers/${identity.name}`)
  })

  it('has the data of the operator read-only, without what is mounted below it', () => {
    expect(mountOn('/data')?.options).toEqual(['bind', 'private', 'ro', 'nosuid', 'nodev'])
  })

  it('mounts a folder before what is inside of it', () => {
    const paths = config.mounts.map(({ destination }) => destination)
    expect(paths.indexOf('/dev')).toBeLessThan(paths.indexOf('/dev/shm'))
    expect(paths.indexOf('/proc')).toBeLessThan(paths.indexOf('/proc/keys'))
    expect(paths.indexOf('/sys')).toBeLessThan(paths.indexOf('/sys/fs/cgroup'))
  })

  it('hides what Docker hides, each path once', () => {
    for (const path of ['/proc/kcore', '/proc/acpi', '/sys/firmware']) {
      expect(linux.maskedPaths).toContain(path)
    }
    for (const path of ['/proc/keys', '/proc/scsi']) expect(linux.maskedPaths).not.toContain(path)
    expect(mountOn('/proc/scsi')?.source).toBe('/run/box-1/rootfs/dev/mqueue')
    expect(linux.readonlyPaths).toContain('/proc/sys')
  })
})

it('binds masked paths for crun alone, and those that exist', () => {
  const isFolder = (path: string) =>
    ({ '/proc/kcore': false, '/proc/scsi': true })[path] as boolean | undefined
  expect(pathsToBind('crun', isFolder)).toEqual([
    { path: '/proc/kcore', isFolder: false },
    { path: '/proc/scsi', isFolder: true },
  ])
  expect(pathsToBind('runc', isFolder)).toEqual([])
})

it('lets no row take away what another one set', () => {
  expect(() => mergeParts([{ hostname: 'a' }, { hostname: 'b' }])).toThrow('two rows set hostname')
  expect(mergeParts([{ mounts: [] }, { hostname: 'a' }])).toEqual({ mounts: [], hostname: 'a' })
})
