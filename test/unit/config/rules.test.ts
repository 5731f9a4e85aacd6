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

describe('a setting that is on or off', () => {
  it.each(['true', 'false', '0', '1', 'ON', 'yes'])('takes %j for neither on nor off', (value) => {
    expect(problem({ RATE_LIMIT: value })).toContain('RATE_LIMIT: must be "on" or "off"')
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

  it.each(['java', 'Python', ',', ' ', 'python,', 'python;data', 'python data', 'constructor'])(
    'must not be %j',
    (ENVIRONMENTS) => {
      expect(problem({ ENVIRONMENTS })).toContain('  ENVIRONMENTS: must be some of python, data')
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
