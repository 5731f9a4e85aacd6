// The command `key new`: what it puts into the file, and what it refuses.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { keyCommand } from '../../../src/cli/key.ts'
import { keyDigest } from '../../../src/keys/api-key.ts'
import { readKeyFile } from '../../../src/keys/key-file.ts'

let folder: string
let path: string
let printed: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'key-new-'))
  path = join(folder, 'keys.json')
  printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

const keyNew = (...args: string[]) =>
  keyCommand().parseAsync(['new', 'course-a', '--file', path, ...args], { from: 'user' })

it('adds a key without limits, and prints it', async () => {
  await keyNew()
  expect(await readKeyFile(path)).toEqual([
    { name: 'course-a', sha256: keyDigest(printed.trim()), rights: ['run'] },
  ])
})

it('gives a key the limits and the weight that are asked for', async () => {
  await keyNew('--weight', '3', '--requests', '60', '--window', '30', '--concurrent', '2')
  expect(await readKeyFile(path)).toMatchObject([
    { weight: 3, rateLimitRequests: 60, rateLimitWindowSeconds: 30, maxConcurrent: 2 },
  ])
})

it.each(['0', '101', '1.5', '-1'])('refuses the weight %s', async (weight) => {
  await expect(keyNew('--weight', weight)).rejects.toThrow('weight: ')
  expect(printed).toBe('')
})

it.each(['', 'much', 'Infinity'])('refuses the weight %j, which is no number', async (weight) => {
  await expect(keyNew('--weight', weight)).rejects.toThrow('It must be a number')
})
