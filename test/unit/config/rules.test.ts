// The rules of the settings that are no mere numbers: what each accepts, and in which words it refuses.

import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'

/** The message that settings are refused with; `''` where they are accepted. */
function problem(env: Record<string, string>): string {
  try {
    parseConfig(env)
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** In the words that every switch takes. */
const ON = ['on', 'true', '1']
const OFF = ['off', 'false', '0']

describe.each([
  'SERVE_WITHOUT_KEYS',
  'RUN_LOG_CODE',
  'READ_RUNS_WITHOUT_KEY',
  'SERVE_WITH_MISSING_WALLS',
] as const)('%s', (name) => {
  it.each(ON)('is on by %j', (value) => {
    expect(parseConfig({ [name]: value })[name]).toBe(true)
  })

  it.each(OFF)('is off by %j', (value) => {
    expect(parseConfig({ [name]: value })[name]).toBe(false)
  })

  it.each(['ON', 'Off', 'yes', 'no', '2', '00', ' on', 'on '])('must not be %j', (value) => {
    const message = `  ${name}: must be on or off (true or false, 1 or 0)`
    expect(problem({ [name]: value })).toContain(message)
  })
})

describe('RATE_LIMIT', () => {
  it.each(ON)('is the default by %j', (RATE_LIMIT) => {
    expect(parseConfig({ RATE_LIMIT }).RATE_LIMIT).toEqual(parseConfig({}).RATE_LIMIT)
  })

  it.each(OFF)('is none by %j', (RATE_LIMIT) => {
    expect(parseConfig({ RATE_LIMIT }).RATE_LIMIT).toBe(false)
  })

  it('is so many requests in so many seconds', () => {
    const policy = { requests: 5, windowSeconds: 600 }
    expect(parseConfig({ RATE_LIMIT: '5/600' }).RATE_LIMIT).toEqual(policy)
  })
})

describe('WEBHOOKS', () => {
  it.each([
    ...ON.map((value) => [value, []] as const),
    ...OFF.map((value) => [value, false] as const),
    ['10.1.0.0/16', ['10.1.0.0/16']],
    ['10.1.0.0/16, fd00::/8,192.0.2.7/32', ['10.1.0.0/16', 'fd00::/8', '192.0.2.7/32']],
  ] as const)('%j means %j', (WEBHOOKS, networks) => {
    expect(parseConfig({ WEBHOOKS }).WEBHOOKS).toEqual(networks)
  })

  it.each(['10.1.0.0', '10.1.0.0/33', 'on,10.1.0.0/16', '10.1.0.0/16,', ',', 'example.org', 'ON'])(
    'must not be %j',
    (WEBHOOKS) => {
      expect(problem({ WEBHOOKS })).toContain('  WEBHOOKS: must be on, off, or networks such as ')
    },
  )
})

describe('DATABASE_URL', () => {
  it.each(OFF)('is none by %j', (DATABASE_URL) => {
    expect(parseConfig({ DATABASE_URL }).DATABASE_URL).toBe(false)
  })

  it.each(['file:off', 'file:/var/lib/runs.db', 'postgres://h/d', 'postgresql://u:p@h:5/d'])(
    'may be %j',
    (DATABASE_URL) => expect(parseConfig({ DATABASE_URL }).DATABASE_URL).toBe(DATABASE_URL),
  )

  it.each(['on', 'OFF', 'file:', 'runs.db', 'mysql://h/d'])('must not be %j', (DATABASE_URL) => {
    const message =
      '  DATABASE_URL: must be file:PATH, postgres://USER:PASSWORD@HOST/DATABASE, or off'
    expect(problem({ DATABASE_URL })).toContain(message)
  })
})

describe('TRUST_PROXY', () => {
  it('refuses to trust what is neither a number nor a network, by name, before anything starts', () => {
    for (const value of [
      'nonsense',
      '-1',
      '1.5',
      '10.0.0.0/33',
      'loopback,',
      '10.0.0.1;10.0.0.2',
    ]) {
      expect(problem({ TRUST_PROXY: value }), value).toContain('  TRUST_PROXY: ')
    }
  })
})

describe('ALLOWED_HOSTS', () => {
  it.each([
    ['run.example.org', ['run.example.org']],
    [' Run.Example.ORG. , *.Example.net', ['run.example.org', '*.example.net']],
    ['run.example.org:8443,192.0.2.1,[::1]', ['run.example.org', '192.0.2.1', '[::1]']],
  ])('%j is a list of names, as a browser writes them', (ALLOWED_HOSTS, names) => {
    expect(parseConfig({ ALLOWED_HOSTS }).ALLOWED_HOSTS).toEqual(names)
  })

  it.each([
    '*',
    '*.',
    'a,,b',
    ',',
    '*example.org',
    'a.*.org',
    'http://a.org',
    'a.org/x',
    'a b',
    '@',
  ])('must not be %j', (ALLOWED_HOSTS) => {
    expect(problem({ ALLOWED_HOSTS })).toContain('  ALLOWED_HOSTS: must be names such as ')
  })
})

describe('ENVIRONMENTS', () => {
  it.each([
    ['python', ['python']],
    ['data', ['data']],
    ['python,data', ['python', 'data']],
    ['data, python', ['data', 'python']],
    [' data ,\tpython ', ['data', 'python']],
  ])('%j is a list, the default first', (ENVIRONMENTS, names) => {
    expect(parseConfig({ ENVIRONMENTS }).ENVIRONMENTS).toEqual(names)
  })

  it.each(['-x', 'Python', ',', ' ', 'python,', 'python;data', 'python data', '../x', 'a/b', 'x-'])(
    'must not be %j',
    (ENVIRONMENTS) => {
      expect(problem({ ENVIRONMENTS })).toContain('  ENVIRONMENTS: must be names of at most 32')
    },
  )

  it.each(['java', 'constructor', 'tostring'])(
    'must name folders that exist, unlike %j',
    (name) => {
      expect(problem({ ENVIRONMENTS: name })).toContain(
        `  ENVIRONMENTS: ${name}: there is no folder`,
      )
      const [, other] = parseConfig({ ENVIRONMENTS: `python,${name}` }).environments
      expect(other?.problem).toContain('there is no folder')
    },
  )

  it('must not have a name twice', () => {
    expect(problem({ ENVIRONMENTS: 'python, data,python' })).toContain(
      '  ENVIRONMENTS: must not have a name twice',
    )
  })
})

describe('API_KEYS', () => {
  it('is a list, and empty only where nothing was given', () => {
    expect(parseConfig({ API_KEYS: 'a,b' }).API_KEYS).toEqual(['a', 'b'])
    expect(parseConfig({ API_KEYS: 'a, b' }).API_KEYS).toEqual(['a', 'b'])
    expect(parseConfig({ API_KEYS: '' }).API_KEYS).toEqual([])
  })

  it.each([',', ' ', 'a,', ',a', 'a b', 'ä'])('must not be %j', (API_KEYS) => {
    expect(() => parseConfig({ API_KEYS })).toThrow('API_KEYS: must be keys without spaces')
  })
})
