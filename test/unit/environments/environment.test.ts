// Environments: where their folders are found, what they take from the settings, and what is wrong with one.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'
import { environmentsFolder, type Fields } from '../../support/environments.ts'

function read(folders: Record<string, Fields>, settings: Record<string, string> = {}) {
  const root = environmentsFolder(folders)
  const ENVIRONMENTS = ['python', ...Object.keys(folders)].join()
  const config = parseConfig({ ENVIRONMENTS_DIR: root, ENVIRONMENTS, ...settings })
  const find = (name: string) => config.environments.find((one) => one.name === name)
  return { root, config, find }
}

describe('an environment', () => {
  it('takes from the settings what its folder leaves out', () => {
    const settings = {
      MEMORY_MB: '99',
      CPUS: '2',
      MAX_PROCESSES: '20',
      TMP_MB: '3',
      POOL_SIZE: '5',
    }
    const times = {
      DEFAULT_TIMEOUT_SECONDS: '2',
      MAX_TIMEOUT_SECONDS: '4',
      SANDBOX_RUNTIME: 'runsc',
    }
    expect(read({ own: {} }, { ...settings, ...times }).find('own')).toEqual({
      ...{ name: 'own', description: '', image: 'safe-code-executor-own', runtime: 'runsc' },
      ...{ memoryMb: 99, cpus: 2, processes: 20, tmpMb: 3, poolSize: 3 },
      ...{ defaultTimeoutSeconds: 2, maxTimeoutSeconds: 4 },
      ...{ env: {}, mounts: [], onPage: true, hasFolder: true, problem: undefined },
    })
  })

  it('may have another runtime than the others, or the engine’s own', () => {
    const { find } = read(
      { a: { runtime: '' }, b: { runtime: 'kata' } },
      { SANDBOX_RUNTIME: 'runsc' },
    )
    expect(['python', 'a', 'b'].map((name) => find(name)?.runtime)).toEqual(['runsc', '', 'kata'])
  })

  it('has a default time that is no longer than its longest', () => {
    const { find } = read({ own: { maxTimeoutSeconds: 3 } })
    expect(find('own')).toMatchObject({ defaultTimeoutSeconds: 3, maxTimeoutSeconds: 3 })
  })

  it('of the operator replaces one of ours with its name', () => {
    const { config } = read({}, {})
    expect(config.environments[0].memoryMb).toBe(128)
    const root = environmentsFolder({ python: { memoryMb: 64 } })
    expect(parseConfig({ ENVIRONMENTS_DIR: root }).environments[0].memoryMb).toBe(64)
  })

  it('is looked for in a folder that is relative to where the server was started', () => {
    const { ENVIRONMENTS_DIR } = parseConfig({ ENVIRONMENTS_DIR: 'x/y' })
    expect(ENVIRONMENTS_DIR).toBe(join(process.cwd(), 'x/y'))
  })
})

describe('a folder with a fault', () => {
  it.each([
    ['a bad field', { cpus: 0 }, 'cpus: must be at least 0.01'],
    ['no JSON', '{', 'is not valid JSON'],
    ['an image and packages', { image: 'x', packages: ['ab'] }, 'image: names a prebuilt image'],
    ['an image and requirements', { image: 'x', requirements: ['a'] }, 'image: names a prebuilt'],
  ] as const)('of %s is told, and the others stay', (_, fields, message) => {
    const { root, find } = read({ own: fields as Fields })
    expect(find('own')?.problem).toContain(`${root}/own: `)
    expect(find('own')?.problem).toContain(message)
    expect(find('python')?.problem).toBeUndefined()
  })

  it('that has its mount twice is told', () => {
    const { find } = read(
      { own: { readOnlyMounts: ['/srv/a:/a'] } },
      { READ_ONLY_MOUNTS: '/srv/b:/a' },
    )
    expect(find('own')?.problem).toContain('overlaps another target')
  })

  it('may not have two answers to where packages come from', () => {
    const root = environmentsFolder({ own: { requirements: ['a'] }, other: { packages: ['ab'] } })
    writeFileSync(join(root, 'own', 'requirements.txt'), 'b\n')
    writeFileSync(join(root, 'other', 'Dockerfile'), 'FROM x\n')
    const { environments } = parseConfig({
      ENVIRONMENTS_DIR: root,
      ENVIRONMENTS: 'python,own,other',
    })
    const problems = environments.map(({ problem }) => problem ?? '')
    expect(problems[1]).toContain('requirements: there is also a file requirements.txt')
    expect(problems[2]).toContain('Dockerfile: installs everything itself')
  })

  it('stops the start where there is no other', () => {
    const root = environmentsFolder({ own: { cpus: 0 } })
    const settings = { ENVIRONMENTS_DIR: root, ENVIRONMENTS: 'own' }
    expect(() => parseConfig(settings)).toThrow(/ENVIRONMENTS: own: .*cpus: must be at least/)
  })

  it('is one with a runtime where the engine is one itself', () => {
    const { find } = read({ own: { runtime: 'runsc' } }, { ENGINE: 'crun' })
    expect(find('own')?.problem).toContain('runtime: ENGINE=crun is the runtime itself')
  })
})

it('needs no folder on a server whose programs run elsewhere', () => {
  const queue = { EXECUTOR: 'queue', REDIS_URL: 'redis://x:1', ENVIRONMENTS: 'python,elsewhere' }
  const [, elsewhere] = parseConfig(queue).environments
  expect(elsewhere).toMatchObject({ name: 'elsewhere', hasFolder: false, problem: undefined })
})
