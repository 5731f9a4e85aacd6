// The documents say what the code does.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readCorpus } from '../../../src/attacks/corpus.ts'
import { GVISOR_DIFFERENCES, withGvisorTable } from '../../../src/attacks/gvisor.ts'
import { serveHelp, withSettingsTable } from '../../../src/cli/help.ts'
import { describeSettings, parseConfig } from '../../../src/config/config.ts'
import { outcomeSchema } from '../../../src/run/outcome.ts'
import { REFUSAL_STATUS } from '../../../src/run/refusal.ts'
import { requestLimits, runRequestSchema } from '../../../src/run/request.ts'
import { EXAMPLES } from '../../../src/ui/examples.ts'

const read = (path: string) => readFileSync(`${import.meta.dirname}/../../../${path}`, 'utf8')

it('docs/configuration.md has the tables of settings as they are (npm run readme writes them)', () => {
  const configuration = read('docs/configuration.md')
  expect(configuration).toBe(withSettingsTable(configuration))
  for (const { name } of describeSettings()) expect(configuration).toContain(`| \`${name}\` |`)
})

it('docs/experiments.md has the programs of the page that show a wall', () => {
  const experiments = read('docs/experiments.md')
  for (const { id, code } of EXAMPLES.filter(({ group }) => group !== 'Ordinary programs')) {
    expect(experiments, id).toContain(code.trim())
  }
})

it.each(['README.md', 'docs/api.md'])('%s has every status of a run', (path) => {
  const rows = read(path).match(/^\| `\w+` \|/gm) ?? []
  const statuses = outcomeSchema.shape.status.options.map((status) => `| \`${status}\` |`)
  expect(rows).toEqual(expect.arrayContaining(statuses))
})

it('docs/api.md has every field of a request and of an outcome, and every refusal that a client can get', () => {
  const api = read('docs/api.md')
  const fields = Object.keys(runRequestSchema(requestLimits(parseConfig({}).environments)).shape)
  for (const name of [...fields, ...Object.keys(outcomeSchema.shape)]) {
    expect(api).toContain(`\n| \`${name}\` |`)
  }
  const codes = Object.keys(REFUSAL_STATUS).filter((code) => code !== 'cancelled')
  for (const code of codes) expect(api).toMatch(new RegExp(`\\n\\| \\d{3}.* \\|.*\`${code}\``))
})

it('there is no setting that --help does not have', () => {
  for (const { name, purpose } of describeSettings()) {
    expect(serveHelp()).toContain(`  ${name}=`)
    expect(serveHelp()).toContain(purpose)
  }
})

describe('SECURITY.md', () => {
  const security = read('SECURITY.md')

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
