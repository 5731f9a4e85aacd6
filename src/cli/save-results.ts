// Saves the files and displays of a run in a folder, and prints what was omitted.

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DISPLAY_EXTENSIONS } from '../run/display-types.ts'
import { displayEncoding, type Outcome } from '../run/outcome.ts'
import { pathProblem } from '../run/relative-path.ts'
import { say } from './printed.ts'

/**
 * Writes files under their own paths and displays as `display-N`. A program chose the names, so existing files are never
 * overwritten. Prints on stderr what was saved, what was not, and why. Returns true if everything was saved.
 */
export async function saveResults(folder: string, outcome: Outcome): Promise<boolean> {
  const files = outcome.files.map(({ path, content, encoding }) => ({
    path,
    bytes: Buffer.from(content, encoding),
  }))
  const displays = outcome.displays.map(({ mime, data }, index) => ({
    path: `display-${index + 1}.${DISPLAY_EXTENSIONS[mime]}`,
    bytes: Buffer.from(data, displayEncoding(mime)),
  }))
  const { filesOmitted, filesOmittedCount, displaysOmittedCount } = outcome
  let isAllSaved = filesOmittedCount + displaysOmittedCount === 0
  for (const { path, bytes } of [...files, ...displays]) {
    const target = join(folder, path)
    const problem = await save(target, path, bytes)
    if (problem) isAllSaved = false
    say(problem ? `not saved: ${JSON.stringify(path)} ${problem}` : `saved ${target}`)
  }
  for (const { path, reason } of filesOmitted) say(`omitted: ${JSON.stringify(path)} ${reason}`)
  const unnamed = filesOmittedCount - filesOmitted.length
  if (unnamed > 0) say(`omitted: ${unnamed} more files`)
  if (displaysOmittedCount > 0) say(`omitted: ${displaysOmittedCount} displays`)
  return isAllSaved
}

/** Undefined if the file was saved, else why not. */
async function save(target: string, path: string, bytes: Buffer): Promise<string | undefined> {
  // A malicious server must not be able to write elsewhere.
  const problem = pathProblem(path)
  if (problem) return problem
  try {
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, bytes, { flag: 'wx' })
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EEXIST'
      ? 'already exists'
      : (error as Error).message
  }
}
