// npm run readme: writes the table of settings into README.md, from the configuration itself.

import { readFileSync, writeFileSync } from 'node:fs'
import { withSettingsTable } from '../src/help.ts'

const path = `${import.meta.dirname}/../README.md`
writeFileSync(path, withSettingsTable(readFileSync(path, 'utf8')))
