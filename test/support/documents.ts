// The documents of the repository, and what the tests of documents read in them.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const REPOSITORY = join(import.meta.dirname, '../..')

/** Folders without documents of our own. */
const NO_DOCUMENTS = new Set(['node_modules', 'dist', 'data', 'test', 'src'])

/** A block of code between two fences. */
export interface Fence {
  /** The words after the first fence: the language, and a mark. */
  words: string[]
  text: string
  /** The line of the first fence, counted from 1. */
  line: number
  /** Whether only blank lines stand between this block and the one before. */
  followsFence: boolean
}

/** One document. */
export interface MarkdownDocument {
  /** Relative to the repository. */
  path: string
  text: string
  fences: Fence[]
  /** The text without blocks of code, line by line: where one was, lines are empty. */
  prose: string[]
}

/** All documents, read. */
export function documents(): MarkdownDocument[] {
  return pathsIn('').map((path) => readDocument(path))
}

/** One document, by its path in the repository. */
export function readDocument(path: string): MarkdownDocument {
  const text = readFileSync(join(REPOSITORY, path), 'utf8')
  return { path, text, ...split(text) }
}

function pathsIn(folder: string): string[] {
  return readdirSync(join(REPOSITORY, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder ? `${folder}/${entry.name}` : entry.name
    if (entry.isDirectory()) {
      return entry.name.startsWith('.') || NO_DOCUMENTS.has(path) ? [] : pathsIn(path)
    }
    return entry.name.endsWith('.md') ? [path] : []
  })
}

/** The blocks of code of a text, and what is around them. */
export function split(text: string): Pick<MarkdownDocument, 'fences' | 'prose'> {
  const fences: Fence[] = []
  const prose: string[] = []
  let open: Fence | undefined
  let followsFence = false
  for (const [index, line] of text.split('\n').entries()) {
    const [, words] = line.match(/^```(.*)$/) ?? []
    if (words === undefined) {
      if (open) open.text += `${line}\n`
      else if (line !== '') followsFence = false
      prose.push(open ? '' : line)
      continue
    }
    prose.push('')
    if (open) {
      fences.push(open)
      followsFence = true
    }
    open = open
      ? undefined
      : { words: words.split(' ').filter(Boolean), text: '', line: index + 1, followsFence }
  }
  return { fences, prose }
}

/** The anchors that GitHub makes of a document's headings. */
export function anchorsOf({ prose }: MarkdownDocument): Set<string> {
  const anchors = new Set<string>()
  for (const line of prose) {
    const [, heading] = line.match(/^#+ (.*)$/) ?? []
    if (heading === undefined) continue
    const words = heading.toLowerCase().replace(/[^\p{L}\p{N}_ -]/gu, '')
    const anchor = words.replaceAll(' ', '-')
    let unique = anchor
    for (let count = 1; anchors.has(unique); count += 1) unique = `${anchor}-${count}`
    anchors.add(unique)
  }
  return anchors
}

/** In an answer that a document shows: an id, a time, a size, dots, or a character with a meaning in a pattern. */
const PARTS =
  /([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|(\d{4}-\d\d-\d\dT[\d:.]+Z)|(?<="(?:durationMs|cpuMs|peakMemoryBytes)":)(\d+)|(\s*…\s*)|[\\^$.*+?()[\]{}|]/g

/** The pattern of all answers that one in a document stands for: with any ids, times and sizes, and anything for `…`. */
export function answerPattern(shown: string): RegExp {
  const pattern = shown.trim().replace(PARTS, (text, id, time, size, dots) => {
    if (id) return '[0-9a-f-]{36}'
    if (time) return '[\\dT:.-]+Z'
    if (size) return '\\d+'
    return dots ? '[\\s\\S]*' : `\\${text}`
  })
  return new RegExp(`^${pattern}$`)
}
