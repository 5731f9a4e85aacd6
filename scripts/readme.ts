// npm run readme: writes what is made of code: the tables in docs/configuration.md and SECURITY.md, and the schema of environment.json.

import { readFileSync, writeFileSync } from 'node:fs'
import { withGvisorTable } from '../src/attacks/gvisor.ts'
import { withSettingsTable } from '../src/cli/help.ts'
import { environmentSchemaText } from '../src/environments/environment-file.ts'

const root = `${import.meta.dirname}/..`
for (const [name, withTable] of [
  ['docs/configuration.md', withSettingsTable],
  ['SECURITY.md', withGvisorTable],
] as const) {
  const path = `${root}/${name}`
  writeFileSync(path, withTable(readFileSync(path, 'utf8')))
}
writeFileSync(`${root}/sandbox/environment.schema.json`, environmentSchemaText())
