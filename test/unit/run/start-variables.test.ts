import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { env } from '../../../src/run/fields.ts'
import { START_VARIABLE_PREFIXES, START_VARIABLES } from '../../../src/run/start-variables.ts'

const problems = (variables: Record<string, string>) =>
  env
    .safeParse(variables)
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []

it('are those for which the sandbox starts a new interpreter', () => {
  const source = readFileSync('sandbox/restart.py', 'utf8')
  const listed = (name: string) => {
    const [, list = ''] = source.match(new RegExp(`^${name} = [({](.*)[)}]$`, 'm')) ?? []
    return Array.from(list.matchAll(/'([^']+)'/g), ([, item]) => item)
  }
  expect(listed('PREFIXES')).toEqual(START_VARIABLE_PREFIXES)
  expect(listed('NAMES')).toEqual(START_VARIABLES)
})

it('limit the length of each variable beside them, and of all', () => {
  const longest = 'x'.repeat(131_072 - 'A='.length - 1)
  expect(problems({ LANG: 'C', A: longest })).toEqual([])
  expect(problems({ LANG: 'C', A: `${longest}x` })).toEqual([
    'A: is too long beside LANG, which needs a new process: at most 131072 bytes',
  ])
  expect(problems({ LD_DEBUG: 'é'.repeat(65_536) })).toHaveLength(1)
  expect(problems({ A: `${longest}x`, XPYTHON: '', LC_TIME: 'C' })).toEqual([])
  const many = Object.fromEntries(
    Array.from({ length: 9 }, (_, n) => [`A${n}`, 'x'.repeat(120_000)]),
  )
  expect(problems(many)).toEqual([])
  expect(problems({ ...many, MALLOC_ARENA_MAX: '1' })).toEqual([
    ': is too long with MALLOC_ARENA_MAX, which needs a new process: at most 1048576 bytes in total',
  ])
})
