// The settings: defaults, empty values, and how bad ones are told.

import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { coresOf, describeSettings, parseConfig } from '../../../src/config/config.ts'

const GIBIBYTE = 1024 ** 3
const machine = { cores: 4, memoryBytes: 8 * GIBIBYTE }

/** The message that an environment is refused with; `''` where it is accepted. */
function problem(env: Record<string, string>): string {
  try {
    parseConfig(env, machine)
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe('this machine', () => {
  it.each([
    ['0', 1],
    ['0-3', 4],
    ['0-3,8', 5],
    ['0-1,4-5,7', 5],
    ['', 0],
  ])('has the cores in the list %j', (list, count) => expect(coresOf(list)).toBe(count))

  it('has the cores that this process may run on', async () => {
    const code =
      "import { thisMachine } from './src/config/config.ts'; console.log(thisMachine().cores)"
    const node = [process.execPath, '--import', 'tsx', '--input-type', 'module', '-e', code]
    expect((await execa('taskset', ['-c', '0', ...node])).stdout).toBe('1')
  }, 30_000)
})

describe('the defaults', () => {
  it('are these on a machine with 4 cores and 8 GB', () => {
    expect(parseConfig({}, machine)).toStrictEqual({
      HOST: '127.0.0.1',
      PORT: 5000,
      API_KEYS: [],
      API_KEYS_FILE: '',
      SERVE_WITHOUT_KEYS: false,
      ALLOWED_HOSTS: [],
      TRUST_PROXY: '0',
      LOG_LEVEL: 'info',
      DEFAULT_TIMEOUT_SECONDS: 10,
      MAX_TIMEOUT_SECONDS: 10,
      MAX_BODY_BYTES: 2_097_152,
      MAX_OUTPUT_BYTES: 1_048_576,
      MAX_OUTPUT_FILES_BYTES: 4_194_304,
      MEMORY_MB: 128,
      CPUS: 1,
      MAX_PROCESSES: 64,
      TMP_MB: 16,
      RATE_LIMIT: { requests: 1000, windowSeconds: 60 },
      REDIS_URL: '',
      EXECUTOR: 'local',
      QUEUE_PREFIX: 'safe-code-executor',
      MAX_QUEUED: 1000,
      MAX_QUEUED_SECONDS: 3600,
      RESULT_TTL_SECONDS: 3600,
      MAX_RESULTS_MB: 64,
      WEBHOOKS: false,
      DATABASE_URL: 'file:./data/runs.db',
      RUN_LOG_CODE: false,
      RUN_LOG_KEEP: { maxRuns: 1_000_000, maxDays: 30 },
      RUN_LOG_SALT: '',
      READ_RUNS_WITHOUT_KEY: false,
      READ_ONLY_MOUNTS: [],
      ENGINE: 'docker',
      DOCKER_BIN: 'docker',
      SANDBOX_RUNTIME: '',
      SERVE_WITH_MISSING_WALLS: false,
      ENVIRONMENTS: ['python'],
      ENVIRONMENTS_DIR: '',
      DRAIN_NOTICE_SECONDS: 0,
      DRAIN_SECONDS: 15,
      MAX_RUNNING: 8,
      POOL_SIZE: 8,
      MAX_WAIT_SECONDS: 45,
      environments: [
        {
          name: 'python',
          description: 'Python 3.13 and its standard library',
          image: 'safe-code-executor-python',
          runtime: '',
          memoryMb: 128,
          cpus: 1,
          processes: 64,
          tmpMb: 16,
          defaultTimeoutSeconds: 10,
          maxTimeoutSeconds: 10,
          poolSize: 8,
          env: {},
          mounts: [],
          onPage: true,
          hasFolder: true,
          problem: undefined,
        },
      ],
    })
  })

  it.each([
    ['a small one', 1, 0.5, 2],
    ['one with too little memory for two', 1, 0.125, 2],
    ['one with memory for three', 4, 0.75, 3],
    ['one with many cores and little memory', 64, 4, 16],
    ['a large one', 64, 256, 128],
  ])('follow the machine: %s', (_, cores, gibibytes, running) => {
    expect(parseConfig({}, { cores, memoryBytes: gibibytes * GIBIBYTE })).toMatchObject({
      MAX_RUNNING: running,
      POOL_SIZE: running,
    })
  })

  it('are valid on the largest machine that can be rented', () => {
    const largest = { cores: 1920, memoryBytes: 32 * 1024 * GIBIBYTE }
    expect(parseConfig({}, largest)).toMatchObject({ MAX_RUNNING: 3840, POOL_SIZE: 3840 })
  })

  it('stand for what is empty or absent', () => {
    const empty = Object.fromEntries(describeSettings(machine).map(({ name }) => [name, '']))
    const absent = Object.fromEntries(Object.keys(empty).map((name) => [name, undefined]))
    expect(parseConfig(empty, machine)).toStrictEqual(parseConfig({}, machine))
    expect(parseConfig(absent, machine)).toStrictEqual(parseConfig({}, machine))
  })

  it('are described in the words that set them', () => {
    const described = describeSettings(machine).map(({ name, fallback }) => [name, fallback])
    expect(parseConfig(Object.fromEntries(described), machine)).toStrictEqual(
      parseConfig({}, machine),
    )
  })
})

describe('EXECUTOR and ENGINE', () => {
  it.each(['docker', 'local', ''])('EXECUTOR=%s runs programs on this host', (name) => {
    expect(parseConfig({ EXECUTOR: name }, machine).EXECUTOR).toBe('local')
  })

  it('are refused by name with other values', () => {
    const wrong = { EXECUTOR: 'remote', ENGINE: 'podman' }
    expect(() => parseConfig(wrong, machine)).toThrow(/EXECUTOR: must be local or queue/)
    expect(() => parseConfig(wrong, machine)).toThrow(/ENGINE: must be docker, runc or crun/)
  })

  it('refuse a second runtime: ENGINE=crun is one', () => {
    const both = { ENGINE: 'crun', SANDBOX_RUNTIME: 'runsc' }
    expect(() => parseConfig(both, machine)).toThrow(/SANDBOX_RUNTIME: ENGINE=crun is the runtime/)
    expect(parseConfig({ ENGINE: 'crun' }, machine).ENGINE).toBe('crun')
  })
})

describe('MAX_RESULTS_MB', () => {
  const queue = { EXECUTOR: 'queue', REDIS_URL: 'redis://localhost' }

  it('is 64 by default in this process, 256 in Redis', () => {
    expect(parseConfig({ EXECUTOR: 'local' }, machine).MAX_RESULTS_MB).toBe(64)
    expect(parseConfig(queue, machine).MAX_RESULTS_MB).toBe(256)
  })

  it('is what it is set to in both', () => {
    expect(parseConfig({ MAX_RESULTS_MB: '100' }, machine).MAX_RESULTS_MB).toBe(100)
    expect(parseConfig({ ...queue, MAX_RESULTS_MB: '64' }, machine).MAX_RESULTS_MB).toBe(64)
  })
})

describe('describeSettings', () => {
  // One more has to be worth it: no constant, nothing that follows from another setting.
  it('lists no more than 46', () => {
    expect(describeSettings(machine).length).toBeLessThanOrEqual(46)
  })

  it('lists every setting once, in order, each with a purpose', () => {
    const described = describeSettings(machine)
    const { environments: _, ...settings } = parseConfig({}, machine)
    expect(described.map(({ name }) => name)).toEqual(Object.keys(settings))
    expect(described.filter(({ purpose }) => purpose === '')).toEqual([])
  })
})

describe('parseConfig', () => {
  it('returns what nobody can change', () => {
    expect(Object.isFrozen(parseConfig({}, machine))).toBe(true)
  })

  it('ignores variables that are no settings', () => {
    const config = parseConfig({ PATH: '/bin', constructor: 'x', port: '1' }, machine)
    expect(config).toStrictEqual(parseConfig({}, machine))
  })

  it('reads each kind of setting', () => {
    const env = {
      HOST: '::1',
      PORT: '0',
      API_KEYS: 'one, two,three',
      TRUST_PROXY: 'loopback, 10.0.0.0/8',
      LOG_LEVEL: 'silent',
      CPUS: '0.5',
      MEMORY_MB: '256',
      RATE_LIMIT: 'off',
      DATABASE_URL: 'off',
      RUN_LOG_KEEP: '500/7',
    }
    expect(parseConfig(env, machine)).toMatchObject({
      HOST: '::1',
      PORT: 0,
      API_KEYS: ['one', 'two', 'three'],
      TRUST_PROXY: 'loopback, 10.0.0.0/8',
      LOG_LEVEL: 'silent',
      CPUS: 0.5,
      MEMORY_MB: 256,
      RATE_LIMIT: false,
      DATABASE_URL: false,
      RUN_LOG_KEEP: { maxRuns: 500, maxDays: 7 },
    })
  })

  it('names every bad variable at once', () => {
    const env = {
      PORT: '65536',
      LOG_LEVEL: 'loud',
      MEMORY_MB: '31',
      CPUS: '0',
      RATE_LIMIT: 'no',
      MAX_RUNNING: 'many',
      WARM_MAX_AGE_SECONDS: '60',
      TMP_FILES: '4096',
    }
    expect(problem(env)).toBe(
      [
        'The configuration is not valid:',
        '  PORT: must be at most 65535',
        '  RATE_LIMIT: must be on, off, or REQUESTS/SECONDS such as 1000/60, at most 1000000000 in 86400',
        '  LOG_LEVEL: must be one of trace, debug, info, warn, error, fatal, silent',
        '  MEMORY_MB: must be at least 32',
        '  CPUS: must be at least 0.01',
        '  MAX_RUNNING: must be a whole number',
        '  TMP_FILES: was removed: it follows TMP_MB',
        '  WARM_MAX_AGE_SECONDS: was removed: a warm container is replaced after 300 s',
      ].join('\n'),
    )
  })
})
