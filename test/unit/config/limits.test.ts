// No setting can be made unlimited: all of them are tried with the spellings that elsewhere mean "no limit".

import { describe, expect, it } from 'vitest'
import { describeSettings, parseConfig } from '../../../src/config/config.ts'

const machine = { cores: 4, memoryBytes: 8 * 1024 ** 3 }
const defaults: Record<string, unknown> = parseConfig({}, machine)
const names = describeSettings(machine).map(({ name }) => name)
const numeric = names.filter((name) => typeof defaults[name] === 'number')

/** Settings that mean "none at all" by 0, or "any free one". */
const ZERO_IS_NONE = ['DRAIN_NOTICE_SECONDS', 'PORT', 'DRAIN_SECONDS', 'POOL_SIZE']

/** The numeric settings that refuse this value, each by its name, when all of them have it. */
function refusing(value: string): string[] {
  const env = Object.fromEntries(numeric.map((name) => [name, value]))
  try {
    parseConfig(env, machine)
    return []
  } catch (error) {
    const lines = String(error).split('\n')
    return numeric.filter((name) => lines.some((line) => line.startsWith(`  ${name}: `)))
  }
}

describe('the settings', () => {
  it('are all numbers but these', () => {
    expect(names.filter((name) => !numeric.includes(name))).toEqual([
      'HOST',
      'SERVE_WITHOUT_KEYS',
      'ALLOWED_HOSTS',
      'TRUST_PROXY',
      'RATE_LIMIT',
      'LOG_LEVEL',
      'READ_ONLY_MOUNTS',
      'ENVIRONMENTS',
      'ENVIRONMENTS_DIR',
      'WEBHOOKS',
      'API_KEYS',
      'API_KEYS_FILE',
      'DATABASE_URL',
      'RUN_LOG_CODE',
      'RUN_LOG_KEEP',
      'RUN_LOG_SALT',
      'READ_RUNS_WITHOUT_KEY',
      'EXECUTOR',
      'REDIS_URL',
      'QUEUE_PREFIX',
      'ENGINE',
      'DOCKER_BIN',
      'SANDBOX_RUNTIME',
      'SERVE_WITH_MISSING_WALLS',
    ])
    expect(numeric).toHaveLength(19)
  })

  it('are finite and above 0 by default', () => {
    for (const name of numeric) {
      expect(Number.isFinite(defaults[name]), name).toBe(true)
      if (name !== 'DRAIN_NOTICE_SECONDS') expect(defaults[name], name).toBeGreaterThan(0)
    }
  })

  it('refuse 0, but for those where it means none at all', () => {
    expect(refusing('0')).toEqual(numeric.filter((name) => !ZERO_IS_NONE.includes(name)))
    expect(refusing('000')).toEqual(numeric.filter((name) => !ZERO_IS_NONE.includes(name)))
  })

  it.each([
    '-1',
    '-0',
    '-0.5',
    '+1',
    'NaN',
    'Infinity',
    '-Infinity',
    'unlimited',
    'none',
    'null',
    'off',
    ' ',
    ' 1',
    '1 ',
    '1\n',
    '1e3',
    '0x10',
    '1_000',
    '1,000',
    '.5',
    '5.',
    '1.2.3',
    '٣',
    '0.0',
    '99999999999',
  ])('all refuse %j by name', (value) => {
    expect(refusing(value)).toEqual(numeric)
  })

  it('all refuse what a computer takes for 0 or for infinite', () => {
    expect(refusing(`0.${'0'.repeat(400)}1`)).toEqual(numeric)
    expect(refusing('9'.repeat(400))).toEqual(numeric)
  })

  it('refuse a value too large in words, not in those of a library', () => {
    expect(() => parseConfig({ MEMORY_MB: '9'.repeat(400) }, machine)).toThrow(
      '  MEMORY_MB: must be ',
    )
  })
})

/** Settings that are two numbers. */
describe.each([
  ['RATE_LIMIT', 1_000_000_000, 86_400],
  ['RUN_LOG_KEEP', 1_000_000_000, 36_500],
] as const)('%s', (name, mostOfFirst, mostOfSecond) => {
  const given = (value: string) => () => parseConfig({ [name]: value }, machine)[name]

  it('may be the least and the most of both numbers', () => {
    expect(Object.values(given('1/1')())).toEqual([1, 1])
    const most = `${mostOfFirst}/${mostOfSecond}`
    expect(Object.values(given(most)())).toEqual([mostOfFirst, mostOfSecond])
  })

  it.each([
    ...['0/60', '60/0', `${mostOfFirst + 1}/60`, `1000/${mostOfSecond + 1}`],
    ...['1000', '1000/', '/60', '1000/60/1', '1000 / 60', ' 1000/60', '1000/60s', '1000:60'],
    ...['-1/60', '1e3/60', '1.5/60', '1/0.5', `${'9'.repeat(400)}/60`, `60/${'9'.repeat(400)}`],
    ...['unlimited', 'none', '2', '-0', '٣/60', 'on/60', 'ON'],
  ])('must not be %j', (value) => {
    expect(given(value)).toThrow(`  ${name}: must be `)
  })
})

describe('CPUS', () => {
  it('may be a hundredth, the least that the kernel can hold a container to', () => {
    expect(parseConfig({ CPUS: '0.01' }, machine).CPUS).toBe(0.01)
  })

  it('must not be so little that the engine rounds its quota to 0, which means unlimited', () => {
    expect(() => parseConfig({ CPUS: '0.000001' }, machine)).toThrow('  CPUS: must be at least')
  })
})

it.each(['DEFAULT_TIMEOUT_SECONDS', 'MAX_TIMEOUT_SECONDS', 'MAX_WAIT_SECONDS'] as const)(
  '%s may be a millisecond and not less',
  (name) => {
    expect(parseConfig({ [name]: '0.001' }, machine)[name]).toBe(0.001)
    expect(() => parseConfig({ [name]: '0.0009' }, machine)).toThrow(`  ${name}: must be at least`)
  },
)

it.each([
  ['MEMORY_MB', 32, 1_048_576],
  ['MAX_OUTPUT_FILES_BYTES', 1, 67_108_864],
  ['POOL_SIZE', 0, 10_000],
] as const)('%s may be from %d to %d', (name, least, most) => {
  for (const value of [least, most]) {
    expect(parseConfig({ [name]: String(value) }, machine)[name]).toBe(value)
  }
  const tooLarge = `  ${name}: must be at most ${most}`
  expect(() => parseConfig({ [name]: String(most + 1) }, machine)).toThrow(tooLarge)
  if (least === 0) return
  const tooSmall = `  ${name}: must be at least ${least}`
  expect(() => parseConfig({ [name]: String(least - 1) }, machine)).toThrow(tooSmall)
})
