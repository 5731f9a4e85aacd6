// Blocks of code in the documents: each shell block has a mark, each TypeScript block compiles, and those that verify
// webhooks do. test/docker/document-commands.test.ts runs the shell blocks.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { signedHeaders } from '../../../src/webhooks/signature.ts'
import { documents, readDocument } from '../../support/documents.ts'

const blocks = documents().flatMap(({ path, fences }) =>
  fences.map((fence) => ({ ...fence, at: `${path}:${fence.line}` })),
)

it('README.md has at most 160 lines, and its picture on the first screen', () => {
  const lines = readFileSync('README.md', 'utf8').trimEnd().split('\n')
  expect(lines.length).toBeLessThanOrEqual(160)
  expect(lines.slice(0, 25).join('\n')).toContain('<img src="docs/page-')
})

it('each block says its language, but for plain output', () => {
  const known = ['', 'sh', 'json', 'python', 'js', 'ts', 'yaml', 'diff']
  for (const { at, words } of blocks) expect(known, at).toContain(words[0] ?? '')
})

it('each shell block has one mark, and no other block has one', () => {
  for (const { at, words } of blocks) {
    const [language, ...marks] = words
    if (language !== 'sh') expect(marks, at).toEqual([])
    else expect([['run'], ['keys'], ['by-hand']], at).toContainEqual(marks)
  }
})

it('only blocks that are compared follow one that a test runs', () => {
  const marks = blocks.filter(({ words }) => words[0] === 'sh').map(({ words }) => words[1])
  expect(marks.filter((mark) => mark === 'run').length).toBeGreaterThan(10)
  expect(marks.filter((mark) => mark === 'keys').length).toBeGreaterThan(5)
})

it('each JSON block without dots is JSON', () => {
  for (const { at, words, text } of blocks) {
    if (words[0] !== 'json' || text.includes('…')) continue
    expect(() => JSON.parse(text), at).not.toThrow()
  }
})

it('each TypeScript block compiles under `strict`, as a module of its own that imports the client', async () => {
  const modules = blocks.filter(({ words }) => words[0] === 'ts')
  expect(modules.length).toBeGreaterThan(3)
  const folder = mkdtempSync(join(tmpdir(), 'documents-'))
  try {
    for (const { at, text } of modules) {
      writeFileSync(join(folder, `${at.replace(/\W/g, '-')}.mts`), text)
    }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: resolve('tsconfig.json'),
        compilerOptions: {
          typeRoots: [resolve('node_modules/@types')],
          paths: { 'safe-code-executor/client': [resolve('src/client/client.ts')] },
        },
        include: ['*.mts'],
      }),
    )
    const { stdout } = await execa('node_modules/.bin/tsc', ['-p', folder], { reject: false })
    expect(stdout).toBe('')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('docs/webhooks.md', () => {
  it.each(['whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQ=', 'a secret of my own'])(
    'verifies messages in JavaScript, with the secret %s',
    async (secret) => {
      const code = readDocument('docs/webhooks.md').fences.find(({ words }) => words[0] === 'js')
      const module = Buffer.from(`${code?.text}\nexport { isGenuine }\n`).toString('base64')
      const { isGenuine } = await import(/* @vite-ignore */ `data:text/javascript;base64,${module}`)
      const body = '{"type":"run.ended"}'
      const seconds = Math.floor(Date.now() / 1000)
      const headers = (timestampSeconds: number) =>
        signedHeaders({ id: 'a', timestampSeconds, body }, secret)
      expect(isGenuine(headers(seconds), body, secret)).toBe(true)
      expect(isGenuine(headers(seconds), `${body} `, secret)).toBe(false)
      expect(isGenuine(headers(seconds), body, 'whsec_YW5vdGhlciBzZWNyZXQ=')).toBe(false)
      expect(isGenuine(headers(seconds - 301), body, secret)).toBe(false)
    },
  )
})
