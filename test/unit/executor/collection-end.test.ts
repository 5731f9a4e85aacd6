// The end of a collection: the last frame, a runner that does not come to it, one that sends what it must not.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Collection } from '../../../src/executor/collection.ts'
import type { FrameKind } from '../../../src/executor/protocol.ts'
import { outcomeSchema } from '../../../src/run/outcome.ts'
import { NOTHING_COLLECTED } from '../../support/nothing-collected.ts'
import { outcome } from '../support/app.ts'
import { TOKEN } from './frame-bytes.ts'

const LIMITS = { maxFiles: 2, maxFileBytes: 10, maxTotalBytes: 15 }

type Sent = [kind: string, payload: string]

const add = (to: Collection, [kind, payload]: Sent) =>
  to.add({ kind: kind as FrameKind, token: TOKEN, payload: Buffer.from(payload) })

function collection(frames: readonly Sent[]): Collection {
  const it = new Collection(LIMITS)
  for (const frame of frames) add(it, frame)
  return it
}

describe('the last frame', () => {
  it('is the end, and no other is', () => {
    const it = new Collection(LIMITS)
    expect(add(it, ['F', '1 a'])).toBe(false)
    expect(add(it, ['B', 'x'])).toBe(false)
    expect(add(it, ['V', '0 0.png'])).toBe(false)
    expect(add(it, ['L', 'too_large b'])).toBe(false)
    expect(add(it, ['Z', '1 0'])).toBe(true)
  })

  it('may be the only one', () => {
    expect(collection([['Z', '0 0']]).end(['*'])).toEqual(NOTHING_COLLECTED)
  })

  it.each(['', 'x', '1', '1 x', '-1 0', '0 -1', '0.5 0', 'NaN 0'])(
    'must be two counts, unlike %j',
    (payload) => {
      expect(() => collection([['Z', payload]])).toThrow()
    },
  )
})

describe('a collection without its last frame', () => {
  const NOT_COLLECTED = [
    { path: '*.png', reason: 'not_collected' },
    { path: 'b/**', reason: 'not_collected' },
  ]

  it('says of each glob that it was not collected', () => {
    expect(new Collection(LIMITS).end(['*.png', 'b/**'])).toEqual({
      ...NOTHING_COLLECTED,
      filesOmitted: NOT_COLLECTED,
      filesOmittedCount: 2,
    })
  })

  it('says nothing where nothing was asked for', () => {
    expect(new Collection(LIMITS).end([])).toEqual(NOTHING_COLLECTED)
  })

  it('keeps what came whole, and what was told, but not a half', () => {
    const frames: Sent[] = [
      ['V', '1 0.txt'],
      ['B', 'd'],
      ['F', '2 a'],
      ['B', 'aa'],
      ['L', 'too_large b'],
      ['F', '2 c'],
      ['B', 'c'],
    ]
    expect(collection(frames).end(['*.png', 'b/**'])).toEqual({
      files: [{ path: 'a', size: 2, encoding: 'utf8', content: 'aa' }],
      filesOmitted: [{ path: 'b', reason: 'too_large' }, ...NOT_COLLECTED],
      filesOmittedCount: 3,
      displays: [{ mime: 'text/plain', data: 'd' }],
      displaysOmittedCount: 0,
    })
  })
})

it('names no more than a hundred, each glob among them, where the last frame did not come', () => {
  const told = Array.from({ length: 100 }, (_, i): Sent => ['L', `too_many ${i}`])
  const { filesOmitted, filesOmittedCount } = collection(told).end(['*.png', 'b/**'])
  expect(filesOmitted).toHaveLength(100)
  expect(filesOmitted.slice(97)).toEqual([
    { path: '97', reason: 'too_many' },
    { path: '*.png', reason: 'not_collected' },
    { path: 'b/**', reason: 'not_collected' },
  ])
  expect(filesOmittedCount).toBe(102)
})

describe('a runner', () => {
  const file = (kind: string, size: number, name = 'a'): Sent[] => [
    [kind, `${size} ${name}`],
    ['B', 'x'.repeat(size)],
  ]

  it.each(['F', 'V'])('may send as much as was asked for, and not more: %s', (kind) => {
    const most = [...file(kind, 10), ...file(kind, 5)]
    expect(() => collection(most)).not.toThrow()
    for (const more of [
      [...file(kind, 1), ...file(kind, 0), ...file(kind, 0)],
      file(kind, 11),
      [...file(kind, 10), ...file(kind, 6)],
    ]) {
      expect(() => collection(more)).toThrow('more files than were asked for')
    }
  })

  it('is stopped at the announcement, before the bytes', () => {
    expect(() => collection([['F', '11 a']])).toThrow('more files than were asked for')
    expect(() => collection([['F', `1${'0'.repeat(400)} a`]])).toThrow('more files than')
  })

  it.each<[string, Sent[]]>([
    ['before any file', [['B', 'x']]],
    ['before any file, none of them', [['B', '']]],
    [
      'more than the file has',
      [
        ['F', '1 a'],
        ['B', 'xx'],
      ],
    ],
    [
      'more than the file has, in pieces',
      [
        ['F', '1 a'],
        ['B', 'x'],
        ['B', 'x'],
      ],
    ],
    [
      'of an empty file',
      [
        ['F', '0 a'],
        ['B', 'x'],
      ],
    ],
  ])('must not send bytes: %s', (_, frames) => {
    expect(() => collection(frames)).toThrow('more bytes than the file has')
  })

  it.each(['', 'a', '1', '1 ', ' a', '-1 a', '1.5 a', '+1 a', '0x1 a', '1e1 a', '٣ a', '1\ta'])(
    'must not call a file %j',
    (title) => {
      expect(() => collection([['F', title]])).toThrow('a file without size and name')
      expect(() => collection([['V', title]])).toThrow('a file without size and name')
    },
  )

  it.each(['', 'too_large', 'huge a', 'Too_large a', ' too_large a', 'constructor a'])(
    'must not leave out %j',
    (payload) => {
      expect(() => collection([['L', payload]])).toThrow('left out without a reason')
    },
  )

  it('may tell of 100 that were left out, and not of 101', () => {
    const told = Array.from({ length: 101 }, (_, i): Sent => ['L', `too_many ${i}`])
    expect(collection(told.slice(1)).end([]).filesOmitted).toHaveLength(100)
    expect(() => collection(told)).toThrow()
  })

  it.each(['R', 'N', 'S', 'O', 'E', 'M', 'X', 'Q'])('must not say %s after the exit', (kind) => {
    expect(() => collection([[kind, '']])).toThrow(`frame ${kind} after the exit`)
  })

  it('can send nothing of which another answer is made than the contract describes', () => {
    const payload = fc.constantFrom(
      ...[
        '',
        '0 a',
        '1 b',
        '3 0.png',
        '2 1.txt',
        'x',
        'xx',
        'too_large c',
        'bad_name ',
        '0 0',
        '9 1',
      ],
    )
    const anyFrames = fc.array(fc.tuple(fc.constantFrom(...'FVBLZ'), payload), { maxLength: 8 })
    fc.assert(
      fc.property(anyFrames, (frames) => {
        const it = new Collection(LIMITS)
        try {
          for (const frame of frames) if (add(it, frame)) break
        } catch {
          // That is the end of its container.
        }
        const answer = outcome(it.end(['*']))
        expect(outcomeSchema.safeParse(answer).error).toBeUndefined()
        expect(answer.filesOmittedCount).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 500 },
    )
  })
})

describe('paths that would take much as they are sent', () => {
  // One of 64 folders, of characters that are six bytes each as JSON.
  const long = (n: number) => `${`${'\u0001'.repeat(200)}/`.repeat(20)}${n}`
  const limits = { maxFiles: 32, maxFileBytes: 10, maxTotalBytes: 100 }
  const jsonBytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

  it('are of files that are left out, all the same how few they are', () => {
    const collected = new Collection(limits)
    for (let n = 0; n < 10; n += 1) add(collected, ['F', `0 ${long(n)}`])
    add(collected, ['Z', '3 0'])
    const { files, filesOmitted, filesOmittedCount } = collected.end(['**'])
    expect(files.map(({ path }) => path)).toEqual([long(0)])
    expect(filesOmitted[0]).toEqual({ path: long(1), reason: 'total_too_large' })
    expect(filesOmittedCount).toBe(3 + 9)
    expect(jsonBytes(files)).toBeLessThan(32 * 1024)
  })

  it('are named as far as there is room, of what was left out', () => {
    const collected = new Collection(limits)
    for (let n = 0; n < 100; n += 1) add(collected, ['L', `too_large ${long(n)}`])
    const { filesOmitted, filesOmittedCount } = collected.end(['a/**'])
    expect(filesOmittedCount).toBe(101)
    expect(filesOmitted.at(-1)).toEqual({ path: 'a/**', reason: 'not_collected' })
    expect(filesOmitted).toHaveLength(3)
    expect(jsonBytes(filesOmitted)).toBeLessThan(68 * 1024)
  })
})
