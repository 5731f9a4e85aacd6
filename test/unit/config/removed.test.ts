// Settings of earlier versions: each is refused by name, with what to do, and docs/upgrading.md has it.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { describeSettings, parseConfig } from '../../../src/config/config.ts'
import { REMOVED_SETTINGS } from '../../../src/config/removed.ts'

const names = Object.keys(REMOVED_SETTINGS)
const settings = describeSettings().map(({ name }) => name)

/** What each had by default when it was removed. */
const FORMER_DEFAULTS: Readonly<Record<string, string>> = {
  DATA_IMAGE: 'safe-code-executor-data',
  DATA_MEMORY_MB: '256',
  DATA_POOL_SIZE: '4',
  LOG_FORMAT: 'auto',
  MAX_CODE_BYTES: '262144',
  MAX_CONNECTIONS: '4096',
  MAX_OPEN_FILES: '1024',
  MAX_OUTPUT_FILES: '32',
  MAX_OUTPUT_FILE_BYTES: '2097152',
  MAX_QUEUE_MB: '256',
  MAX_WAITING: '256',
  RATE_LIMIT_REQUESTS: '1000',
  RATE_LIMIT_WINDOW_SECONDS: '60',
  RUN_LOG: 'on',
  RUN_LOG_MAX_DAYS: '30',
  RUN_LOG_MAX_RUNS: '1000000',
  SANDBOX_IMAGE: 'safe-code-executor-python',
  SHM_MB: '16',
  START_TIMEOUT_SECONDS: '30',
  TMP_FILES: '4096',
  WARM_MAX_AGE_SECONDS: '300',
  WEBHOOK_NETWORKS: '10.1.0.0/16',
  WORKER_NAME: 'host-1',
}

it('are all known here', () => {
  expect(Object.keys(FORMER_DEFAULTS).toSorted()).toEqual(names.toSorted())
})

describe.each(Object.entries(FORMER_DEFAULTS))('%s', (name, value) => {
  it('is refused where it is set, to its former default too', () => {
    const line = `The configuration is not valid:\n  ${name}: ${REMOVED_SETTINGS[name]}`
    expect(() => parseConfig({ [name]: value })).toThrow(line)
  })

  it('is nothing where it is empty or absent', () => {
    expect(parseConfig({ [name]: '' })).toEqual(parseConfig({}))
    expect(parseConfig({ [name]: undefined })).toEqual(parseConfig({}))
  })

  it('is no setting, and its message names none that is gone', () => {
    expect(settings).not.toContain(name)
    const named = REMOVED_SETTINGS[name]?.match(/\b[A-Z]+(_[A-Z]+)+\b/g) ?? []
    expect(settings).toEqual(expect.arrayContaining(named))
  })

  it('is in docs/upgrading.md', () => {
    expect(readFileSync('docs/upgrading.md', 'utf8')).toContain(`\n| \`${name}\` | `)
  })
})

it('are all refused at once, with what else is wrong', () => {
  const set = Object.fromEntries(names.map((name) => [name, '1']))
  const all = names.map((name) => `  ${name}: ${REMOVED_SETTINGS[name]}`)
  const message = ['The configuration is not valid:', '  PORT: must be a whole number', ...all]
  expect(() => parseConfig({ ...set, PORT: 'x' })).toThrow(message.join('\n'))
})
