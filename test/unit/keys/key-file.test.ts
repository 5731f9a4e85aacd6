// A file of keys: what may be in it, how it is added to, what a change does to a server that runs.

import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { keyDigest, newKey } from '../../../src/keys/api-key.ts'
import { addToKeyFile, readKeyFile, watchKeyFile } from '../../../src/keys/key-file.ts'
import { KeyRing } from '../../../src/keys/key-ring.ts'
import { memoryLog, testKey } from '../support/app.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'))
  path = join(folder, 'keys.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What is said of a file with this content. */
async function problem(content: unknown): Promise<string> {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return readKeyFile(path).then(
    () => '',
    ({ message }: Error) => message.replaceAll(path, 'FILE'),
  )
}

describe('a file', () => {
  const sha256 = keyDigest('secret')

  it('has names and digests, and may have rights and limits', async () => {
    const limits = {
      ...{ rateLimitRequests: 5, rateLimitWindowSeconds: 10, maxConcurrent: 2 },
      ...{ maxTimeoutSeconds: 0.5, weight: 3 },
    }
    const key = {
      name: 'a@b-c.d_e',
      sha256: sha256.toUpperCase(),
      rights: ['read-runs'],
      ...limits,
    }
    expect(await problem({ keys: [{ name: 'plain', sha256: keyDigest('x') }, key] })).toBe('')
    expect(await readKeyFile(path)).toEqual([
      { name: 'plain', sha256: keyDigest('x'), rights: ['run'] },
      { ...key, sha256 },
    ])
  })

  it.each([
    ['no JSON', '{', 'FILE is not JSON'],
    ['a list', [], 'key file'],
    ['no digest', { keys: [{ name: 'a' }] }, '  keys.0.sha256: '],
    [
      'a key in plain text',
      { keys: [{ name: 'a', sha256: 'secret' }] },
      'must be 64 hexadecimal digits',
    ],
    ['an unknown field', { keys: [{ name: 'a', sha256, max: 1 }] }, 'keys.0'],
    [
      'an unknown right',
      { keys: [{ name: 'a', sha256, rights: ['all'] }] },
      'must be some of run, read-runs',
    ],
    ['a name with a line end', { keys: [{ name: 'a\n', sha256 }] }, 'keys.0.name'],
    ['no concurrency', { keys: [{ name: 'a', sha256, maxConcurrent: 0 }] }, 'keys.0.maxConcurrent'],
    [
      'no time',
      { keys: [{ name: 'a', sha256, maxTimeoutSeconds: 0 }] },
      'keys.0.maxTimeoutSeconds',
    ],
    ['no weight', { keys: [{ name: 'a', sha256, weight: 0 }] }, 'keys.0.weight'],
    ['a part of a turn', { keys: [{ name: 'a', sha256, weight: 0.5 }] }, 'keys.0.weight'],
    ['too much weight', { keys: [{ name: 'a', sha256, weight: 101 }] }, 'keys.0.weight'],
    [
      'a name twice',
      { keys: [testKey('a'), { ...testKey('b'), name: 'a' }] },
      'keys.1.name: is used twice',
    ],
    [
      'a key twice',
      { keys: [testKey('a'), { ...testKey('a'), name: 'b' }] },
      'keys.1.sha256: is used twice',
    ],
  ])('with %s is refused, with the place', async (_, content, expected) => {
    expect(await problem(content)).toContain(expected)
  })

  it.each([1, 100])('may give a key the weight %i', async (weight) => {
    expect(await problem({ keys: [{ name: 'a', sha256, weight }] })).toBe('')
    expect(await readKeyFile(path)).toMatchObject([{ weight }])
  })

  it('is never repeated in what is said of it', async () => {
    expect(await problem('{"keys": secret-key')).not.toContain('secret')
  })
})

describe('adding a key', () => {
  it('makes a file for its owner alone, and keeps what is there', async () => {
    await addToKeyFile(path, testKey('a'))
    await addToKeyFile(path, testKey('b'))
    expect((await readKeyFile(path)).map(({ name }) => name)).toEqual(['a', 'b'])
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('refuses a name that is taken, and changes nothing', async () => {
    await addToKeyFile(path, testKey('a'))
    const before = readFileSync(path, 'utf8')
    await expect(addToKeyFile(path, testKey('a'))).rejects.toThrow('a key called a already')
    expect(readFileSync(path, 'utf8')).toBe(before)
    await addToKeyFile(path, testKey('b'))
  })

  it('loses none of those that are added at once', async () => {
    const added = await Promise.allSettled(
      ['a', 'b', 'c'].map((name) => addToKeyFile(path, testKey(name))),
    )
    const names = (await readKeyFile(path)).map(({ name }) => name)
    expect(names).toHaveLength(added.filter(({ status }) => status === 'fulfilled').length)
  })

  it('through a link leaves the link, and changes the file', async () => {
    const link = join(folder, 'link.json')
    await addToKeyFile(path, testKey('a'))
    symlinkSync(path, link)
    await addToKeyFile(link, testKey('b'))
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect((await readKeyFile(path)).map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('never repeats itself', () => {
    expect(new Set(Array.from({ length: 100 }, newKey)).size).toBe(100)
    expect(newKey()).toMatch(/^sce_[\w-]{43}$/)
  })
})

describe('a change', () => {
  it('that can not be read at first is taken later', async () => {
    await addToKeyFile(path, testKey('a'))
    const ring = new KeyRing({ isRequired: true })
    const { logger, lines } = memoryLog()
    const stop = watchKeyFile(path, ring, logger)
    try {
      await look()
      // Something else has its name for a moment; then it is there as it was when it was seen.
      const next = join(folder, 'next.json')
      writeFileSync(next, '{"keys":')
      renameSync(next, path)
      await look()
      expect(lines).toHaveLength(1)
      writeFileSync(path, JSON.stringify({ keys: [testKey('b')] }))
      chmodSync(path, 0o640)
      await look()
      expect([ring.find('a'), ring.find('b')?.name]).toEqual([undefined, 'b'])
    } finally {
      stop()
    }
  })

  beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
  afterEach(() => vi.useRealTimers())

  /** Lets the file be looked at, and read. */
  const look = async () => {
    vi.advanceTimersByTime(2000)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }

  it('is taken while the server runs; a bad one changes nothing, and is logged once', async () => {
    await addToKeyFile(path, testKey('a'))
    const ring = new KeyRing({ isRequired: true, fixed: [testKey('fixed')] })
    const { logger, lines } = memoryLog()
    const stop = watchKeyFile(path, ring, logger)
    const known = () => ['fixed', 'a', 'b'].filter((key) => ring.find(key)?.name === key)
    try {
      await look()
      expect(known()).toEqual(['fixed', 'a'])
      await addToKeyFile(path, testKey('b'))
      await look()
      expect(known()).toEqual(['fixed', 'a', 'b'])
      writeFileSync(path, '{')
      await look()
      await look()
      expect(known()).toEqual(['fixed', 'a', 'b'])
      expect(lines.filter((line) => line.includes('is not JSON'))).toHaveLength(1)
      rmSync(path)
      await look()
      expect(known()).toEqual(['fixed', 'a', 'b'])
      writeFileSync(path, '{"keys":[]}')
      await look()
      expect(known()).toEqual(['fixed'])
    } finally {
      stop()
    }
  })
})
