// npm run readme: writes the tables into docs/configuration.md and SECURITY.md, from the code that they are about.

import { readFileSync, writeFileSync } from 'node:fs'
import { withGvisorTable } from '../src/attacks/gvisor.ts'
import { withSettingsTable } from '../src/cli/help.ts'

for (const [name, withTable] of [
  ['docs/configuration.md', withSettingsTable],
  ['SECURITY.md', withGvisorTable],
] as const) {
  const path = `${import.meta.dirname}/../${name}`
  writeFileSync(path, withTable(readFileSync(path, 'utf8')))
}
