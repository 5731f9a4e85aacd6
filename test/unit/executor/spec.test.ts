// Settings -> what a container of each environment is.

import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'
import { dockerRunArgs } from '../../../src/engines/printed-limits.ts'
import { containerSpec, maxWaiting, startTimeoutSeconds } from '../../../src/executor/spec.ts'
import { environmentsFolder } from '../../support/environments.ts'
import { PYTHON_SPEC } from '../engines/python-spec.ts'

it('makes these of the defaults', () => {
  expect(containerSpec(parseConfig({}), 'host/1/2')).toEqual({
    ...PYTHON_SPEC,
    seccompProfile: resolve('sandbox/seccomp.json'),
  })
})

it('follows the settings', () => {
  const config = parseConfig({
    DOCKER_BIN: '/usr/bin/podman',
    SANDBOX_RUNTIME: 'runsc',
    READ_ONLY_MOUNTS: '/srv/data:/data',
    MEMORY_MB: '256',
    CPUS: '0.5',
    MAX_PROCESSES: '32',
    TMP_MB: '8',
    MAX_TIMEOUT_SECONDS: '2.5',
  })
  expect(containerSpec(config, 'o')).toEqual({
    environment: 'python',
    image: 'safe-code-executor-python',
    client: 'podman',
    hasUserNamespace: false,
    runtime: 'runsc',
    seccompProfile: resolve('sandbox/seccomp.json'),
    mounts: [{ source: '/srv/data', target: '/data' }],
    env: {},
    labels: { 'safe-code-executor.owner': 'o' },
    limits: {
      memoryBytes: 268_435_456,
      cpus: 0.5,
      pids: 32,
      tmpBytes: 8_388_608,
      tmpInodes: 2048,
      shmBytes: 8_388_608,
      openFiles: 1024,
      lifetimeSeconds: 338, // 30 + 300 + 2.5 + 5, rounded up
    },
  })
})

it('has what an environment says, and the settings for the rest', () => {
  const root = environmentsFolder({
    own: {
      image: 'numbers:1',
      memoryMb: 512,
      cpus: 2,
      processes: 8,
      tmpMb: 1,
      maxTimeoutSeconds: 60,
      runtime: 'kata',
      readOnlyMounts: ['/srv/b:/b'],
      env: { LANG: 'de_DE.UTF-8' },
    },
  })
  const config = parseConfig({
    ...{ ENVIRONMENTS: 'own,python', ENVIRONMENTS_DIR: root, MEMORY_MB: '64', POOL_SIZE: '3' },
    READ_ONLY_MOUNTS: '/srv/a:/a',
  })
  const [own, python] = config.environments
  expect(containerSpec(config, 'o')).toEqual(containerSpec(config, 'o', own))
  expect(containerSpec(config, 'o', python).limits.memoryBytes).toBe(67_108_864)
  const { limits, ...rest } = containerSpec(config, 'o', own)
  expect(rest).toMatchObject({
    ...{ environment: 'own', image: 'numbers:1', runtime: 'kata', env: { LANG: 'de_DE.UTF-8' } },
    mounts: [
      { source: '/srv/a', target: '/a' },
      { source: '/srv/b', target: '/b' },
    ],
  })
  expect(limits).toMatchObject({
    ...{ memoryBytes: 536_870_912, cpus: 2, pids: 8, tmpBytes: 1_048_576, tmpInodes: 256 },
    ...{ shmBytes: 1_048_576, lifetimeSeconds: 395 },
  })
})

it('makes a container outlive its longest start, wait and run', () => {
  const config = parseConfig({ MAX_TIMEOUT_SECONDS: '86400' })
  expect(containerSpec(config, 'o').limits.lifetimeSeconds).toBe(86_735)
})

it('never writes a limit of 0, or one in a form that the engine reads otherwise', () => {
  const least = parseConfig({
    MEMORY_MB: '32',
    CPUS: '0.01',
    MAX_PROCESSES: '8',
    TMP_MB: '1',
    MAX_TIMEOUT_SECONDS: '0.1',
  })
  const line = dockerRunArgs({ name: 'box', userId: 20_000 }, containerSpec(least, 'o')).join(' ')
  expect(line).toContain('--memory 33554432b --memory-swap 33558528b --cpus 0.01 --pids-limit 8')
  expect(line).toContain('size=1048576,nr_inodes=256 --shm-size 1048576b')
  expect(line).toContain('nofile=1024')
  expect(line).toContain('timeout --signal=KILL 336 ')
})

it.each([
  ['0.001', 30],
  ['45', 30],
  ['60', 40],
  ['180', 120],
  ['3600', 120],
])('lets containers start for longer where clients wait for longer: %s s', (wait, seconds) => {
  expect(startTimeoutSeconds(parseConfig({ MAX_WAIT_SECONDS: wait }))).toBe(seconds)
})

it('lets 32 wait for each that runs', () => {
  expect(maxWaiting(parseConfig({ MAX_RUNNING: '3' }))).toBe(96)
})
