// All that names a version of this package names that of package.json.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }

it.each([
  ['package-lock.json', /^ {2}"version": "(.+)"/m],
  [
    'package-lock.json',
    /"packages": \{\s+"": \{\s+"name": "safe-code-executor",\s+"version": "(.+)"/,
  ],
  ['deploy/kubernetes/settings.yaml', /safe-code-executor-python:([\d.]+)/],
  ['deploy/kubernetes/workers.yaml', /safe-code-executor-python:([\d.]+)/],
  ['deploy/kubernetes/kustomization.yaml', /newTag: (.+)$/m],
  ['wrangler-free-README.md', /safe-code-executor-(\d.+)\.tgz/],
])('%s', (file, pattern) => {
  expect(readFileSync(file, 'utf8').match(pattern)?.[1]).toBe(version)
})

it('CHANGELOG.md has it', () => {
  expect(readFileSync('CHANGELOG.md', 'utf8')).toMatch(
    new RegExp(`^## ${version} - \\d{4}-\\d\\d-\\d\\d$`, 'm'),
  )
})
