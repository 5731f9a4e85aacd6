// environment.json: its fields, and how faults are named.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import {
  environmentSchemaText,
  parseEnvironmentFile,
} from '../../../src/environments/environment-file.ts'

const parse = (fields: unknown) => parseEnvironmentFile(JSON.stringify(fields))

it('may be empty', () => {
  expect(parse({})).toEqual({
    ...{ description: '', packages: [], requirements: [], preload: [], env: {} },
    ...{ readOnlyMounts: [], onPage: true },
  })
})

it('keeps what is good', () => {
  const fields = {
    $schema: '../environment.schema.json',
    description: 'Course 101',
    packages: ['python3-networkx', 'libgl1:amd64', 'g++', 'x1=1.2-3+b1'],
    requirements: [
      'requests==2.32.4',
      'mine @ https://example.org/mine.whl',
      'a[b]>=1; python_version<"4"',
    ],
    preload: ['networkx', 'PIL.Image'],
    memoryMb: 512,
    cpus: 0.5,
    processes: 32,
    tmpMb: 32,
    defaultTimeoutSeconds: 0.5,
    maxTimeoutSeconds: 30,
    poolSize: 0,
    env: { LANG: 'de_DE.UTF-8', EMPTY: '' },
    readOnlyMounts: ['/srv/data:/data'],
    runtime: 'runsc',
    onPage: false,
  }
  expect(parse(fields)).toEqual(fields)
  expect(parse({ image: 'registry.example.org:5000/a/b:1@sha256:ab' }).image).toContain('registry')
})

it.each([
  ['an unknown field', { memory: 1 }, 'memory: unknown field'],
  [
    'an option among packages',
    { packages: ['--allow'] },
    'packages.0: must be the name of a Debian',
  ],
  ['a command among packages', { packages: ['a;b'] }, 'packages.0: '],
  [
    'an option among requirements',
    { requirements: ['-r x'] },
    'requirements.0: must be a requirement',
  ],
  ['two lines in a requirement', { requirements: ['a\n--pre'] }, 'requirements.0: '],
  ['no module', { preload: ['os; x'] }, 'preload.0: must be the name of a Python module'],
  ['too little memory', { memoryMb: 31 }, 'memoryMb: must be at least 32'],
  ['half a megabyte', { memoryMb: 64.5 }, 'memoryMb: must be a whole number'],
  ['a text for a number', { cpus: '1' }, 'cpus: '],
  ['no CPU', { cpus: 0 }, 'cpus: must be at least 0.01'],
  ['no time', { maxTimeoutSeconds: 0 }, 'maxTimeoutSeconds: must be at least 0.001'],
  ['too many containers', { poolSize: 10_001 }, 'poolSize: must be at most 10000'],
  ['a variable of Python', { env: { PYTHONPATH: '/x' } }, 'env.PYTHONPATH: is not allowed here'],
  ['a variable of the loader', { env: { LD_PRELOAD: 'x' } }, 'env.LD_PRELOAD: is not allowed here'],
  [
    'a limit among variables',
    { env: { OMP_NUM_THREADS: '99' } },
    'env.OMP_NUM_THREADS: is not allowed here',
  ],
  ['a variable that is none', { env: { 'a b': '' } }, 'env.a b: must be a name'],
  [
    'a line end in a variable',
    { env: { A: 'x\ny' } },
    'env.A: must not contain control characters',
  ],
  [
    'a folder of the system',
    { readOnlyMounts: ['/etc:/x'] },
    'readOnlyMounts: /etc:/x: would show /etc',
  ],
  ['an image that is an option', { image: '--privileged' }, 'image: must be the name of an image'],
  ['a runtime that is an option', { runtime: '--x y' }, 'runtime: must be the name of a runtime'],
  ['a list', [], 'the file: must be a JSON object'],
])('refuses %s, and names it', (_, fields, message) => {
  expect(() => parse(fields)).toThrow(message)
})

it('names every fault', () => {
  expect(() => parse({ a: 1, cpus: 0, preload: [1] })).toThrow(/cpus: .*preload\.0: |preload\.0: /)
  expect(() => parse({ memoryMb: 1, cpus: 0 })).toThrow(
    'memoryMb: must be at least 32; cpus: must be at least',
  )
})

it('says where JSON is broken', () => {
  expect(() => parseEnvironmentFile('{"cpus": }')).toThrow('is not valid JSON')
})

it('has a JSON schema that is the same', () => {
  expect(readFileSync('sandbox/environment.schema.json', 'utf8')).toBe(environmentSchemaText())
})
