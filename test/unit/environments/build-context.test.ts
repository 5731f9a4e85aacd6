// The folder that an image is built in, and the folder of a new environment.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeBuildContext } from '../../../src/environments/build-context.ts'
import {
  environmentNames,
  findFolder,
  OWN_ENVIRONMENTS,
  readFolder,
} from '../../../src/environments/environment-folder.ts'
import { writeNewFolder } from '../../../src/environments/new-folder.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'environments-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function context(path: string, target = join(root, 'context')) {
  const plan = writeBuildContext(readFolder('own', path), target)
  const has = (name: string) => existsSync(join(target, name))
  const text = (name: string) => readFileSync(join(target, name), 'utf8')
  return { ...plan, has, text }
}

describe('the folder that an image is built in', () => {
  it('has the runner, and nothing to load where nothing is asked for', () => {
    const path = writeNewFolder('own', root, {})
    const { image, inputs, has, text } = context(path)
    expect([image, inputs?.length]).toEqual(['safe-code-executor-own', 64])
    expect(['runner/runner.py', 'Dockerfile', 'install-requirements.sh'].every(has)).toBe(true)
    expect(has('runner/preload.py') || has('runner/probe.py') || has('base')).toBe(false)
    expect(text('packages.txt')).toBe('')
    expect(readdirSync(join(root, 'context/requirements'))).toEqual([])
  })

  it('has what the folder asks for', () => {
    writeFileSync(join(root, 'mine-1.0-py3-none-any.whl'), 'zip')
    const path = writeNewFolder('own', root, {
      packages: ['ab', 'cd'],
      preload: ['json'],
      wheels: [join(root, 'mine-1.0-py3-none-any.whl')],
    })
    writeFileSync(join(path, 'preload.py'), 'x = 1\n')
    const { has, text } = context(path)
    expect(text('packages.txt')).toBe('ab\ncd\n')
    expect(text('runner/preload.txt')).toBe('json\n')
    expect(text('runner/environment_preload.py')).toBe('x = 1\n')
    expect(has('runner/preload.py')).toBe(true)
    expect(text('requirements/requirements.txt')).toBe('mine==1.0\n')
    expect(has('requirements/wheels/mine-1.0-py3-none-any.whl')).toBe(true)
  })

  it('is told apart by a hash of all of it', () => {
    const path = writeNewFolder('own', root, { packages: ['ab'] })
    const first = context(path).inputs
    expect(context(path, join(root, 'again')).inputs).toBe(first)
    writeFileSync(join(path, 'build.py'), 'pass\n')
    const second = context(path).inputs
    writeFileSync(join(path, 'build.py'), 'pass \n')
    expect(new Set([first, second, context(path).inputs]).size).toBe(3)
  })

  it('does not depend on limits, nor on other fields that no build reads', () => {
    const path = writeNewFolder('own', root, { packages: ['ab'], memoryMb: 64 })
    const { inputs } = context(path)
    const changed = '{"packages":["ab"],"memoryMb":512,"description":"x","onPage":false}'
    writeFileSync(join(path, 'environment.json'), changed)
    expect(context(path).inputs).toBe(inputs)
  })

  it('is none for a prebuilt image, and one that was there goes', () => {
    const path = writeNewFolder('own', root, {})
    context(path)
    writeFileSync(join(path, 'environment.json'), '{"image":"elsewhere:1"}')
    const { image, inputs, has } = context(path)
    expect([image, inputs, has('.')]).toEqual(['elsewhere:1', undefined, false])
  })

  it('has the operator’s Dockerfile apart, for it is built first', () => {
    const path = writeNewFolder('own', root, {})
    writeFileSync(join(path, 'Dockerfile'), 'FROM debian:bookworm-slim\n')
    const { text } = context(path)
    expect(text('base/Dockerfile')).toBe('FROM debian:bookworm-slim\n')
    expect(text('Dockerfile')).toMatch(/^FROM .*BASE_IMAGE.* AS debian$/m)
  })
})

describe('the names of environments', () => {
  it('are those of folders, links to folders too, and of nothing else', () => {
    for (const name of ['own', '.git', 'Course', '..data']) mkdirSync(join(root, name))
    symlinkSync(join(root, '..data'), join(root, 'linked'))
    writeFileSync(join(root, 'file'), '')
    expect(environmentNames([root, join(root, 'none')]).toSorted()).toEqual(['linked', 'own'])
  })
})

describe('a new folder', () => {
  it('has what was given, and a schema for editors', () => {
    const path = writeNewFolder('own', root, { memoryMb: 512, requirements: ['a==1'] })
    expect(JSON.parse(readFileSync(join(path, 'environment.json'), 'utf8'))).toEqual({
      $schema: '../environment.schema.json',
      memoryMb: 512,
    })
    expect(readFileSync(join(path, 'requirements.txt'), 'utf8')).toBe('a==1\n')
    expect(existsSync(join(path, '../environment.schema.json'))).toBe(true)
  })

  it('may be a copy with changes', () => {
    const from = findFolder('data', [OWN_ENVIRONMENTS])
    const path = writeNewFolder('mine', root, { memoryMb: 777 }, from)
    const { file } = readFolder('mine', path)
    expect(file.memoryMb).toBe(777)
    expect(file.packages).toContain('python3-numpy')
    expect(existsSync(join(path, 'preload.py'))).toBe(true)
  })

  it('adds packages and modules to those of the copied one', () => {
    const from = findFolder('data', [OWN_ENVIRONMENTS])
    const path = writeNewFolder('mine', root, { packages: ['ab'], preload: ['json'] }, from)
    const { file } = readFolder('mine', path)
    expect(file.packages).toEqual(expect.arrayContaining(['python3-numpy', 'ab']))
    expect(file.preload).toEqual(expect.arrayContaining(['numpy', 'json']))
    const again = writeNewFolder('more', root, { requirements: ['a==1'] }, path)
    const third = writeNewFolder('third', root, { requirements: ['b==1'] }, again)
    expect(readFileSync(join(third, 'requirements.txt'), 'utf8')).toBe('a==1\nb==1\n')
  })

  it('is not left behind half made', () => {
    const from = writeNewFolder('prebuilt', root, {})
    writeFileSync(join(from, 'environment.json'), '{"image":"x"}')
    const make = () => writeNewFolder('own', root, { packages: ['ab'] }, from)
    expect(make).toThrow('image: names a prebuilt image')
    expect(make).toThrow('image: names a prebuilt image')
  })

  it.each([
    ['a name with a slash', '../x', {}, 'must be at most 32'],
    ['a name in capitals', 'Own', {}, 'must be at most 32'],
    ['a bad package', 'own', { packages: ['-x'] }, 'packages.0'],
    [
      'a wheel that is not there',
      'own',
      { wheels: ['/x/mine-1.0-py3-none-any.whl'] },
      'must be a file',
    ],
  ])('is not written with %s', (_, name, fields, message) => {
    expect(() => writeNewFolder(name, root, fields)).toThrow(message)
    expect(readdirSync(root)).toEqual([])
  })

  it('replaces none', () => {
    writeNewFolder('own', root, {})
    expect(() => writeNewFolder('own', root, {})).toThrow('exists already')
  })
})
