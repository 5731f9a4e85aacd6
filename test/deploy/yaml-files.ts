// The YAML files of deploy/, parsed.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

/** All documents of a file, with aliases and merged keys resolved. @throws {Error} where it is no YAML. */
export function documents<T = unknown>(file: string): T[] {
  return parseAllDocuments(readFileSync(file, 'utf8'), { merge: true, version: '1.1' }).map(
    (document) => {
      const [problem] = [...document.errors, ...document.warnings]
      if (problem) throw new Error(`${file}: ${problem.message}`)
      return document.toJS() as T
    },
  )
}

/** The files below a folder whose names end so. */
export function filesIn(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort()
}
