// Plain words, in documents, settings, help texts and the OpenAPI document: some ways to open a sentence and some words
// are refused. Code and questions may have them.

import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { withGvisorTable } from '../../../src/attacks/gvisor.ts'
import { attackCommand } from '../../../src/cli/attack.ts'
import { doctorCommand } from '../../../src/cli/doctor.ts'
import { environmentCommand } from '../../../src/cli/environment.ts'
import { keyCommand } from '../../../src/cli/key.ts'
import { runCommand } from '../../../src/cli/run.ts'
import { setupCommand } from '../../../src/cli/setup.ts'
import { describeSettings } from '../../../src/config/config.ts'
import { documents, type MarkdownDocument, split } from '../../support/documents.ts'
import { testApp } from '../support/app.ts'

const OPENINGS = /^(What|Whose|Who asks|Told of|So many) /
const WORDS = /\b(nobody|dear|clothes|whoever|everybody)\b/i
/** A description that has no subject. */
const NO_SUBJECT = /^(it|they)\b/i

/** The sentences of a text that open so, or have such a word. */
function faults(text: string, openings = OPENINGS): string[] {
  const plain = text.replace(/`[^`]*`/g, '`code`').replace(/\s+/g, ' ')
  return plain
    .split(/(?<=[.!?:;])["'”’*_)]* /)
    .map((sentence) => sentence.replace(/^[\s"'“‘*_([#>|-]+/, ''))
    .filter((sentence) => !sentence.endsWith('?'))
    .filter((sentence) => openings.test(sentence) || WORDS.test(sentence))
}

/** The same of a description that stands alone: it may begin with a small letter. */
function faultsOfDescription(text: string): string[] {
  const found = faults(text, new RegExp(OPENINGS.source, 'i'))
  return NO_SUBJECT.test(text) ? [text, ...found] : found
}

/** Paragraphs, headings, items of lists and cells of tables, without tables that are made of the source. */
function units({ path, text }: MarkdownDocument): string[] {
  const unreleased = path === 'CHANGELOG.md' ? text.slice(0, text.indexOf('\n## 0')) : text
  const own = unreleased.replace(/<!-- (\w+) -->[\s\S]*<!-- \/\1 -->/g, '')
  // `npm run report` writes the headings of the report that was asked for.
  const lines = split(own).prose.filter((line) => path !== 'REPORT.md' || !line.startsWith('#'))
  return lines
    .map((line) => (/^\s*(#|\||-|\*|\d+\.)/.test(line) ? `\n\n${line}` : line))
    .join('\n')
    .split(/\n{2,}/)
    .flatMap((unit) => (unit.startsWith('|') ? unit.split('|') : [unit]))
    .map((unit) => unit.trim())
}

it('finds them', () => {
  const bad = [
    'What it has. Fine.',
    '“Whose key it is”',
    'All fine: Told of its end',
    'Ask nobody!',
  ]
  for (const text of bad) expect(faults(text), text).toHaveLength(1)
  for (const text of ['What is it?', 'a user `nobody`', 'It is told what it has']) {
    expect(faults(text)).toEqual([])
  }
  for (const text of ['It', 'They can', 'what it has']) {
    expect(faultsOfDescription(text), text).not.toEqual([])
  }
})

it.each(documents().map((document) => [document.path, document] as const))(
  'the document %s',
  (_, document) => {
    expect(units(document).flatMap((unit) => faults(unit))).toEqual([])
  },
)

it('the settings', () => {
  const purposes = describeSettings().map(({ purpose }) => purpose)
  expect(purposes.length).toBeGreaterThan(40)
  expect(purposes.flatMap(faultsOfDescription)).toEqual([])
})

it('the differences under gVisor', () => {
  const cells = withGvisorTable('<!-- gvisor --><!-- /gvisor -->').split(/[|\n]/)
  expect(cells.length).toBeGreaterThan(20)
  expect(cells.flatMap((cell) => faults(cell))).toEqual([])
})

describe('the help texts', () => {
  const faultsOfHelp = (text: string) => {
    expect(text).toContain('Usage: ')
    // The settings have a test of their own.
    const own = text.replace(/(?<=this machine:\n)[\s\S]*/, '')
    return own.split(/\n\s*\n|\s{2,}/).flatMap((unit) => faults(unit))
  }

  it.each(['', 'serve', 'worker'])('safe-code-executor %s --help', async (command) => {
    const args = ['--import', 'tsx', 'src/main.ts', ...(command ? [command] : []), '--help']
    expect(faultsOfHelp((await execa(process.execPath, args)).stdout)).toEqual([])
  })

  const commands = [
    ...[runCommand, environmentCommand, keyCommand],
    ...[doctorCommand, attackCommand, setupCommand],
  ]
  it.each(commands.map((make) => make()).flatMap((command) => [command, ...command.commands]))(
    '$_name --help',
    (command) => {
      let text = ''
      command.configureOutput({ writeOut: (part) => (text += part) })
      command.outputHelp()
      expect(faultsOfHelp(text)).toEqual([])
    },
  )
})

it('the OpenAPI document', async () => {
  const texts: string[] = []
  for (const settings of [{}, { WEBHOOKS: 'on' }]) {
    const { app } = testApp({ settings })
    collect(await (await app.request('/openapi.json')).json(), texts)
  }
  expect(texts.length).toBeGreaterThan(50)
  expect([...new Set(texts)].flatMap(faultsOfDescription)).toEqual([])
})

/** All summaries and descriptions in a document. */
function collect(value: unknown, into: string[]): void {
  if (typeof value !== 'object' || value === null) return
  for (const [name, part] of Object.entries(value)) {
    if (typeof part === 'string') {
      if (name === 'summary' || name === 'description') into.push(part)
    } else collect(part, into)
  }
}
