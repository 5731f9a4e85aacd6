// Limits -> argv of `docker run`: pinned as a whole, and again row by row of the contract.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ContainerSpec, userIds } from '../../../src/engines/container-spec.ts'
import { dockerRunArgs } from '../../../src/engines/printed-limits.ts'
import { PYTHON_SPEC } from './python-spec.ts'

const spec = PYTHON_SPEC
const identity = { name: 'box-1', userId: 20_007 }
const argv = dockerRunArgs(identity, spec)
const line = ` ${argv.join(' ')} `

it('is this command', () => {
  expect(argv).toEqual([
    'run',
    ...['--name', 'box-1'],
    '--rm',
    '--interactive',
    ...['--pull', 'never'],
    '--sig-proxy=false',
    ...['--log-driver', 'none'],
    ...['--network', 'none'],
    ...['--dns', '192.0.2.1', '--dns-search', '.'],
    ...['--memory', '134217728b'],
    ...['--memory-swap', '134221824b'],
    ...['--cpus', '1'],
    ...['--pids-limit', '64'],
    '--read-only',
    ...['--tmpfs', '/tmp:rw,noexec,nosuid,nodev,mode=1777,size=16777216,nr_inodes=4096'],
    ...['--shm-size', '16777216b'],
    ...['--ipc', 'private'],
    ...['--cgroupns', 'private'],
    ...['--user', '20007:65534'],
    ...['--cap-drop', 'ALL'],
    ...['--security-opt', 'no-new-privileges'],
    ...['--security-opt', 'seccomp=/app/sandbox/seccomp.json'],
    ...['--oom-score-adj', '500'],
    ...['--ulimit', 'core=0'],
    ...['--ulimit', 'nofile=1024'],
    ...['--ulimit', 'fsize=134217728'],
    ...['--ulimit', 'nproc=256'],
    ...['--ulimit', 'sigpending=256'],
    ...['--ulimit', 'msgqueue=0'],
    ...['--env', 'PYTHON_CPU_COUNT=1'],
    ...['--env', 'OMP_NUM_THREADS=1'],
    ...['--env', 'OPENBLAS_NUM_THREADS=1'],
    ...['--env', 'MKL_NUM_THREADS=1'],
    ...['--label', 'safe-code-executor.owner=host/1/2'],
    'safe-code-executor-python',
    ...['timeout', '--signal=KILL', '345'],
    ...['python3', '-I', '-u', '-X', 'cpu_count=1', '/usr/lib/sandbox/runner.pyc'],
  ])
})

describe('what a run may use', () => {
  it.each([
    ['container: thrown away', ' --rm '],
    ['time: the container’s own life ends', ' timeout --signal=KILL 345 '],
    ['memory', ' --memory 134217728b '],
    ['no swap but one page', ' --memory-swap 134221824b '],
    ['CPU', ' --cpus 1 '],
    ['processes', ' --pids-limit 64 '],
    ['network: none', ' --network none '],
    ['files: image read-only', ' --read-only '],
    ['user: one of its own', ' --user 20007:65534 '],
    ['user: no capability', ' --cap-drop ALL '],
    ['user: no new privilege', ' --security-opt no-new-privileges '],
    ['system calls: our profile', ' --security-opt seccomp=/app/sandbox/seccomp.json '],
  ])('%s', (_, flag) => {
    expect(line).toContain(flag)
  })

  it.each(['rw', 'noexec', 'nosuid', 'nodev', 'size=16777216', 'nr_inodes=4096'])(
    'files: /tmp is mounted with %s',
    (option) => {
      const [path, options] = argv[argv.indexOf('--tmpfs') + 1]?.split(':') ?? []
      expect(path).toBe('/tmp')
      expect(options?.split(',')).toContain(option)
    },
  )

  it.each([
    '--privileged',
    '--volume',
    '-v',
    '--mount',
    '--device',
    '--cap-add',
    '--pid',
    '--userns',
    '--uts',
    '--publish',
    '-p',
    '--link',
    '--volumes-from',
    '--env-file',
    '--restart',
    '--oom-kill-disable',
    'unconfined',
    'host',
  ])('nothing of the host: no %s', (flag) => {
    const words = argv.flatMap((word) => [word, ...word.split('=')])
    expect(words).not.toContain(flag)
  })

  it('nothing passes through a shell or a command line', () => {
    for (const word of ['sh', 'bash', '-c', '/bin/sh', '--entrypoint']) {
      expect(argv).not.toContain(word)
    }
  })
})

describe('dockerRunArgs', () => {
  const withLimits = (limits: Partial<ContainerSpec['limits']>) =>
    ` ${dockerRunArgs(identity, { ...spec, limits: { ...spec.limits, ...limits } }).join(' ')} `

  it.each([
    [{ memoryBytes: 33_554_432 }, ' --memory 33554432b --memory-swap 33558528b '],
    [{ cpus: 0.5 }, ' --cpus 0.5 '],
    [{ pids: 8 }, ' --pids-limit 8 '],
    [{ tmpBytes: 1_048_576 }, ',size=1048576,'],
    [{ tmpInodes: 16 }, ',nr_inodes=16 '],
    [{ shmBytes: 1_048_576 }, ' --shm-size 1048576b '],
    [{ openFiles: 64 }, ' --ulimit nofile=64 '],
    [{ lifetimeSeconds: 60 }, ' timeout --signal=KILL 60 '],
  ])('follows the limit %j', (limits, flag) => {
    expect(withLimits(limits)).toContain(flag)
  })

  it.each([
    [0.01, 1],
    [1, 1],
    [1.5, 2],
    [4, 4],
  ])('lets a program with %d CPUs count %d', (cpus, count) => {
    const words = withLimits({ cpus })
    for (const word of [
      `PYTHON_CPU_COUNT=${count}`,
      `OMP_NUM_THREADS=${count}`,
      `OPENBLAS_NUM_THREADS=${count}`,
      `MKL_NUM_THREADS=${count}`,
      `cpu_count=${count}`,
    ]) {
      expect(words).toContain(` ${word} `)
    }
  })

  it('mounts data read-only, without what is mounted below it', () => {
    const mounts = [
      { source: '/srv/data', target: '/data' },
      { source: '/srv/more', target: '/mnt/more' },
    ]
    const words = dockerRunArgs(identity, { ...spec, mounts })
    expect(words.filter((_, index) => words[index - 1] === '--mount')).toEqual([
      'type=bind,source=/srv/data,target=/data,readonly,bind-nonrecursive',
      'type=bind,source=/srv/more,target=/mnt/more,readonly,bind-nonrecursive',
    ])
  })

  it('leaves out for Podman what Podman does not know', () => {
    const words = dockerRunArgs(identity, { ...spec, client: 'podman' })
    expect(words).not.toContain('--dns')
    expect(words).toContain('--read-only-tmpfs=false')
    expect(argv).not.toContain('--read-only-tmpfs=false')
    expect(words.filter((_, index) => words[index - 1] === '--tmpfs')).toEqual([
      '/tmp:rw,noexec,nosuid,nodev,mode=1777,size=16777216',
      '/dev/shm:rw,noexec,nosuid,nodev,mode=1777,size=16777216',
    ])
    expect(words).not.toContain('--shm-size')
  })

  it('names a runtime where there is one', () => {
    const words = ` ${dockerRunArgs(identity, { ...spec, runtime: 'runsc' }).join(' ')} `
    expect(words).toContain(' --runtime runsc ')
    expect(line).not.toContain('--runtime')
  })

  it('puts name, image and every label where they belong', () => {
    const other = dockerRunArgs(
      { name: 'box-2', userId: 20_999 },
      { ...spec, image: 'other', labels: { a: '1', b: '2' } },
    )
    expect(other.slice(0, 3)).toEqual(['run', '--name', 'box-2'])
    expect(` ${other.join(' ')} `).toContain(' --label a=1 --label b=2 other timeout ')
  })

  it('is pure', () => {
    expect(dockerRunArgs(identity, spec)).toEqual(argv)
  })
})

describe('userIds', () => {
  it('hands out a thousand before one comes back, all of which the image knows', () => {
    const ids = userIds()
    const first = Array.from({ length: 1000 }, () => ids.next().value)
    expect(new Set(first).size).toBe(1000)
    expect([Math.min(...first), Math.max(...first)]).toEqual([20_000, 20_999])
    expect(ids.next().value).toBe(first[0])
    expect(readFileSync('sandbox/Dockerfile', 'utf8')).toContain('seq 20000 20999')
  })

  it('does not begin with the same one every time', () => {
    const starts = Array.from({ length: 20 }, () => userIds().next().value)
    expect(new Set(starts).size).toBeGreaterThan(1)
  })
})
