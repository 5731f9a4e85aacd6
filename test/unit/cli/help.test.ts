// The help text, and the tables of settings in a document.

import { expect, it } from 'vitest'
import { serveHelp, withSettingsTable } from '../../../src/cli/help.ts'
import { describeSettings } from '../../../src/config/config.ts'

it('shows how to start, how to send a program, and every setting with its default', () => {
  const text = serveHelp()
  expect(text).toContain('npm start ')
  expect(text).toContain('curl -s -X POST http://127.0.0.1:5000/run')
  for (const { name, fallback, purpose } of describeSettings()) {
    expect(text).toContain(`\n  ${name}=${fallback}\n      ${purpose}\n`)
  }
})

it('ends with one newline', () => {
  expect(serveHelp()).toMatch(/[^\n]\n$/)
})

it('puts a row for every setting between the markers, under headings, and leaves the rest alone', () => {
  const document = 'before\n\n<!-- settings -->\nstale\n<!-- /settings -->\n\nafter\n'
  const made = withSettingsTable(document)
  const head = '| variable | default | meaning |\n| --- | --- | --- |\n'
  expect(made).toMatch(
    /^before\n\n<!-- settings -->\n\n## .+\n\n\| variable \| default \| meaning \|\n/,
  )
  expect(made.endsWith(' |\n\n<!-- /settings -->\n\nafter\n')).toBe(true)
  expect(made).toMatch(/\n\| `PORT` \| `5000` \| .+ \|\n/)
  expect(made).toMatch(/\n\| `API_KEYS` \| {2}\| .+ \|\n/)
  expect(made).not.toContain('stale')
  expect(made.split('\n| `')).toHaveLength(1 + describeSettings().length)
  expect(made.split('\n## ').length).toBeGreaterThan(5)
  expect(made.split('\n## ')).toHaveLength(made.split(head).length)
  expect(withSettingsTable(made)).toBe(made)
})

it('leaves a document without markers as it is', () => {
  expect(withSettingsTable('nothing here\n')).toBe('nothing here\n')
})
