// The help text, and the table of settings in a readme.

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

it('puts a row for every setting between the markers, and leaves the rest alone', () => {
  const readme = 'before\n\n<!-- settings -->\nstale\n<!-- /settings -->\n\nafter\n'
  const made = withSettingsTable(readme)
  expect(made.startsWith('before\n\n<!-- settings -->\n\n## Server\n\n| variable |')).toBe(true)
  expect(made.endsWith('\n<!-- /settings -->\n\nafter\n')).toBe(true)
  expect(made.match(/^## .+$/gm)).toHaveLength(8)
  expect(made).toContain('\n| `PORT` | `5000` | Port to listen on; 0 picks a free one |\n')
  expect(made).toContain('\n| `API_KEYS` |  | API keys, ')
  expect(made).not.toContain('stale')
  expect(made.split('\n| `')).toHaveLength(1 + describeSettings().length)
  expect(withSettingsTable(made)).toBe(made)
})

it('leaves a readme without markers as it is', () => {
  expect(withSettingsTable('nothing here\n')).toBe('nothing here\n')
})
