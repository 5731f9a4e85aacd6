// What comes back beside the output: files and displays from frames, and what a runner is not believed.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Collection } from '../../../src/executor/collection.ts'
import type { FrameKind } from '../../../src/executor/protocol.ts'
import { OMISSIONS } from '../../../src/run/outcome.ts'
import { NOTHING_COLLECTED } from '../../support/nothing-collected.ts'
import { TOKEN } from './frame-bytes.ts'

const LIMITS = { maxFiles: 3, maxFileBytes: 10, maxTotalBytes: 15 }

type Sent = [kind: FrameKind, payload: string | Uint8Array]

/** A collection that got these frames. */
function collection(frames: readonly Sent[], limits = LIMITS): Collection {
  const it = new Collection(limits)
  for (const frame of frames) add(it, frame)
  return it
}

const add = (to: Collection, [kind, payload]: Sent) =>
  to.add({ kind, token: TOKEN, payload: Buffer.from(payload as Uint8Array) })

/** What is collected of these frames and an end. */
const collected = (...frames: Sent[]) => collection([...frames, ['Z', '0 0']]).end(['*'])

/** The files of a collection, in short. */
const files = (...frames: Sent[]) =>
  collected(...frames).files.map(({ path, size, encoding, content }) => [
    path,
    size,
    encoding,
    content,
  ])

describe('a file', () => {
  it('is its name and its bytes', () => {
    const frames: Sent[] = [
      ['F', '3 a.txt'],
      ['B', 'abc'],
    ]
    expect(collected(...frames)).toEqual({
      ...NOTHING_COLLECTED,
      files: [{ path: 'a.txt', size: 3, encoding: 'utf8', content: 'abc' }],
    })
  })

  it('may be empty, with a frame of no bytes or without', () => {
    expect(files(['F', '0 a'], ['F', '0 b'], ['B', ''])).toEqual([
      ['a', 0, 'utf8', ''],
      ['b', 0, 'utf8', ''],
    ])
  })

  it('comes in its order, in any number of pieces', () => {
    const frames: Sent[] = [
      ['F', '4 b/é'],
      ['B', Buffer.from([0xf0])],
      ['B', Buffer.from([0x9f, 0x98])],
      ['B', Buffer.from([0x80])],
      ['F', '0 a'],
    ]
    expect(files(...frames)).toEqual([
      ['b/é', 4, 'utf8', '😀'],
      ['a', 0, 'utf8', ''],
    ])
  })

  it.each(['a b', ' a', '5 a', 'a\nb', 'a\\b', '__proto__', 'a\u2028', '*'])(
    'may have the name %j',
    (name) => {
      expect(files(['F', `1 ${name}`], ['B', 'x'])).toEqual([[name, 1, 'utf8', 'x']])
    },
  )

  it('is utf8 or base64 as it is text or not', () => {
    const fileOf = (...bytes: number[]) =>
      files(['F', `${bytes.length} a`], ['B', Buffer.from(bytes)])
    expect(fileOf(0xef, 0xbb, 0xbf, 0x61)).toEqual([['a', 4, 'utf8', '\ufeffa']])
    expect(fileOf(0x00, 0x61, 0x61, 0x61, 0x61, 0x0a)).toEqual([['a', 6, 'utf8', '\0aaaa\n']])
    expect(fileOf(0xff)).toEqual([['a', 1, 'base64', '/w==']])
    expect(fileOf(0x61, 0xc3)).toEqual([['a', 2, 'base64', 'YcM=']])
    expect(fileOf(0xed, 0xa0, 0x80)).toEqual([['a', 3, 'base64', '7aCA']])
    expect(fileOf(0xc0, 0x80)).toEqual([['a', 2, 'base64', 'wIA=']])
    expect(fileOf(0xfe, 0xff, 0x00, 0x61)).toEqual([['a', 4, 'base64', '/v8AYQ==']])
  })

  it('is base64 where its text would take more than twice its bytes in JSON, and not before', () => {
    const fileOf = (text: string) =>
      files(['F', `${Buffer.byteLength(text)} a`], ['B', text]).map(([, , encoding]) => encoding)
    expect(fileOf('"\n"\\"\t"\r')).toEqual(['utf8']) // each of them two bytes
    expect(fileOf('\u0001aaaa')).toEqual(['utf8']) // ten bytes for five
    expect(fileOf('\u0001aaa')).toEqual(['base64'])
    expect(fileOf('\u0001\u0001\u0001')).toEqual(['base64'])
  })

  it('is what was sent, whatever the bytes and however they are cut', () => {
    const limits = { maxFiles: 9, maxFileBytes: 60, maxTotalBytes: 540 }
    const anyPieces = fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 5 })
    fc.assert(
      fc.property(fc.array(anyPieces, { maxLength: 9 }), (sent) => {
        const frames = sent.flatMap((pieces, i): Sent[] => [
          ['F', `${Buffer.concat(pieces).length} f${i}`],
          ...pieces.map((piece): Sent => ['B', piece]),
        ])
        const received = collection([...frames, ['Z', '0 0']], limits).end([]).files
        expect(
          received.map(({ content, encoding }) => Buffer.from(content, encoding).toString('hex')),
        ).toEqual(sent.map((pieces) => Buffer.concat(pieces).toString('hex')))
        for (const { content, size, encoding } of received) {
          expect(Buffer.from(content, encoding)).toHaveLength(size)
        }
      }),
    )
  })
})

describe('a display', () => {
  it.each([
    ['0.png', 'image/png', '/w=='],
    ['1.jpeg', 'image/jpeg', '/w=='],
    ['1.gif', 'image/gif', '/w=='],
    ['1.json', 'application/json', '\ufffd'],
    ['2.svg', 'image/svg+xml', '\ufffd'],
    ['3.html', 'text/html', '\ufffd'],
    ['4.tex', 'text/latex', '\ufffd'],
    ['5.md', 'text/markdown', '\ufffd'],
    ['6.txt', 'text/plain', '\ufffd'],
    ['a.b.txt', 'text/plain', '\ufffd'],
  ])('of the name %s is %s', (name, mime, data) => {
    expect(collected(['V', `1 ${name}`], ['B', Buffer.from([0xff])])).toEqual({
      ...NOTHING_COLLECTED,
      displays: [{ mime, data }],
    })
  })

  it.each(['x', '0.PNG', '0.jpg', '0.png.exe', '0.', '.constructor', '0.__proto__'])(
    'is none where the program gave it the name %s, which is counted',
    (name) => {
      expect(collected(['V', `1 ${name}`], ['B', 'x'])).toEqual({
        ...NOTHING_COLLECTED,
        displaysOmittedCount: 1,
      })
    },
  )

  it('of text is left out, and counted, where it is too large as it is sent', () => {
    const shown = (...texts: string[]) => {
      const frames = texts.flatMap((text, i): Sent[] => [
        ['V', `${Buffer.byteLength(text)} ${i}.txt`],
        ['B', text],
      ])
      const { displays, displaysOmittedCount } = collection([...frames, ['Z', '0 2']]).end([])
      return [displays.map(({ data }) => data), displaysOmittedCount]
    }
    const quotes = '"'.repeat(5)
    expect(shown(quotes)).toEqual([[quotes], 2]) // ten bytes, of ten
    expect(shown(`${quotes}a`)).toEqual([[], 3])
    expect(shown('\u0001\u0001')).toEqual([[], 3])
    // Fifteen for all of them.
    expect(shown(quotes, 'aaaaa', 'a')).toEqual([[quotes, 'aaaaa'], 3])
    expect(shown(quotes, 'aaaaaa', 'aaaa')).toEqual([[quotes, 'aaaa'], 3])
  })

  it('that is a picture is bounded by its bytes', () => {
    const bytes = Buffer.alloc(10)
    expect(collected(['V', '10 0.png'], ['B', bytes]).displays).toEqual([
      { mime: 'image/png', data: bytes.toString('base64') },
    ])
  })

  it('keeps its text as it is', () => {
    const [display] = collected(['V', '7 0.html'], ['B', '\ufeffé\r\n']).displays
    expect(display).toEqual({ mime: 'text/html', data: '\ufeffé\r\n' })
  })

  it('is bounded apart from files, and told from them in any order', () => {
    const { files, displays } = collected(
      ...(['V', 'F', 'V', 'F', 'F', 'V'] as const).flatMap((kind, i): Sent[] => [
        [kind, `5 ${i}.txt`],
        ['B', `bytes`],
      ]),
    )
    expect(files.map(({ path }) => path)).toEqual(['1.txt', '3.txt', '4.txt'])
    expect(displays).toHaveLength(3)
  })
})

describe('what was left out', () => {
  it.each(OMISSIONS)('is told with the reason %s', (reason) => {
    expect(collected(['L', `${reason} a b`]).filesOmitted).toEqual([{ path: 'a b', reason }])
  })

  it('is counted by the runner, who names only some', () => {
    expect(
      collection([
        ['L', 'too_many a'],
        ['Z', '250 7'],
      ]).end(['*']),
    ).toEqual({
      ...NOTHING_COLLECTED,
      filesOmitted: [{ path: 'a', reason: 'too_many' }],
      filesOmittedCount: 250,
      displaysOmittedCount: 7,
    })
  })

  it('may be the whole folder, which has no name', () => {
    expect(collected(['L', 'not_readable ']).filesOmitted).toEqual([
      { path: '', reason: 'not_readable' },
    ])
  })
})
