// README.md and SECURITY.md say what the code does.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readCorpus } from '../../../src/attacks/corpus.ts'
import { GVISOR_DIFFERENCES, withGvisorTable } from '../../../src/attacks/gvisor.ts'
import { serveHelp, withSettingsTable } from '../../../src/cli/help.ts'
import { describeSettings } from '../../../src/config/config.ts'
import { EXAMPLES } from '../../../src/ui/examples.ts'

const readme = readFileSync(`${import.meta.dirname}/../../../README.md`, 'utf8')

it('docs/configuration.md has the tables of settings as they are (npm run readme writes them)', () => {
  const path = `${import.meta.dirname}/../../../docs/configuration.md`
  const configuration = readFileSync(path, 'utf8')
  expect(configuration).toBe(withSettingsTable(configuration))
  for (const { name } of describeSettings()) expect(configuration).toContain(`| \`${name}\` |`)
})

it('has the programs of the page that show a wall', () => {
  for (const { id, code } of EXAMPLES.filter(({ group }) => group !== 'Ordinary programs')) {
    expect(readme, id).toContain(code.trim())
  }
})

it('has no setting that --help does not have', () => {
  for (const { name, purpose } of describeSettings()) {
    expect(serveHelp()).toContain(`  ${name}=`)
    expect(serveHelp()).toContain(purpose)
  }
})

describe('SECURITY.md', () => {
  const security = readFileSync(`${import.meta.dirname}/../../../SECURITY.md`, 'utf8')

  it('has the table of differences under gVisor as they are (npm run readme writes it)', () => {
    expect(security).toBe(withGvisorTable(security))
    expect(security).toContain('| what is different |')
  })

  it('names only programs that there are', () => {
    const names = readCorpus('').map(({ name }) => name)
    for (const name of Object.keys(GVISOR_DIFFERENCES)) expect(names).toContain(name)
  })

  it('counts the calls of the profile as they are', () => {
    const profile = JSON.parse(readFileSync('sandbox/seccomp.json', 'utf8')) as {
      syscalls: { names: string[]; action: string }[]
    }
    const allowing = profile.syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW')
    const count = new Set(allowing.flatMap(({ names }) => names)).size
    expect(security).toContain(`| 291 | ${count} |`)
  })
})
