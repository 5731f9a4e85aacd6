// README.md says what the configuration does.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { describeSettings } from '../../src/config.ts'
import { helpText, withSettingsTable } from '../../src/help.ts'
import { EXAMPLES } from '../../src/ui/examples.ts'

const readme = readFileSync(`${import.meta.dirname}/../../README.md`, 'utf8')

it('has the table of settings as they are (npm run readme writes it)', () => {
  expect(readme).toBe(withSettingsTable(readme))
  for (const { name } of describeSettings()) expect(readme).toContain(`| \`${name}\` |`)
})

it('has the programs that the page offers', () => {
  for (const { id, code } of EXAMPLES.filter(({ id }) => id !== 'hello')) {
    expect(readme, id).toContain(code.trim())
  }
})

it('has no setting that --help does not have', () => {
  for (const { name, purpose } of describeSettings()) {
    expect(helpText()).toContain(`  ${name}=`)
    expect(helpText()).toContain(purpose)
  }
})
