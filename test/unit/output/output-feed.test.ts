// Output between its writer and its reader: bytes become text across the borders of chunks, and nothing is lost.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OutputFeed } from '../../../src/output/output-feed.ts'
import { type Piece, wholeText } from '../../../src/output/output-text.ts'
import type { StreamName } from '../../../src/run/executor.ts'
import { output } from '../../support/execution-events.ts'

type Chunk = [stream: StreamName, bytes: string | readonly number[]]

const bytesOf = (bytes: string | readonly number[]) =>
  typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(Uint8Array.from(bytes))

/** A feed with its reader. */
function newFeed() {
  const feed = new OutputFeed()
  const reader = feed[Symbol.asyncIterator]()
  return {
    add: (stream: StreamName, bytes: string | readonly number[]) =>
      feed.tell(output(stream, bytesOf(bytes))),
    restart: () => feed.tell({ type: 'restart' }),
    end: () => feed.end(),
    /** Undefined at the end. */
    next: async () => (await reader.next()).value ?? undefined,
  }
}

/** All that can be read of a feed that has ended. */
async function rest({ next }: ReturnType<typeof newFeed>): Promise<Piece[]> {
  const pieces: Piece[] = []
  for (;;) {
    const piece = await next()
    if (piece === undefined) return pieces
    if (piece !== 'restart') pieces.push(piece)
  }
}

/** What is read, as stream and text, where these chunks were written and nobody read meanwhile. */
async function read(...chunks: Chunk[]): Promise<string[][]> {
  const feed = newFeed()
  for (const [stream, bytes] of chunks) feed.add(stream, bytes)
  feed.end()
  return (await rest(feed)).map(({ stream, text }) => [stream, text])
}

/** Lets everything go on that waits for no timer. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('output', () => {
  it('keeps the order of the streams, and joins what waits', async () => {
    expect(
      await read(
        ['stdout', 'a'],
        ['stdout', 'b'],
        ['stderr', 'c'],
        ['stdout', ''],
        ['stderr', 'd'],
        ['stdout', 'e'],
      ),
    ).toEqual([
      ['stdout', 'ab'],
      ['stderr', 'c'],
      ['stderr', 'd'],
      ['stdout', 'e'],
    ])
  })

  it('comes at once where it is waited for, in pieces as it was written', async () => {
    const feed = newFeed()
    for (const text of ['a', 'b', 'c']) {
      const piece = feed.next()
      feed.add('stderr', text)
      expect(await piece).toEqual({ stream: 'stderr', text })
    }
  })

  it('is none where there is none', async () => {
    expect([await read(), await read(['stdout', ''], ['stderr', ''])]).toEqual([[], []])
  })

  it('has at most 65536 bytes in one piece', async () => {
    const chunks = Array.from({ length: 5 }, (): Chunk => ['stdout', 'x'.repeat(40_000)])
    const texts = (await read(...chunks)).map(([, text = '']) => text)
    expect(texts.join('')).toBe('x'.repeat(200_000))
    for (const text of texts) expect(text.length).toBeLessThanOrEqual(65_536)
  })
})

describe('waiting', () => {
  it('is not over with half of a character', async () => {
    const feed = newFeed()
    const piece = feed.next()
    feed.add('stdout', [0xc3])
    await settle()
    feed.add('stdout', [0xa9])
    expect(await piece).toEqual({ stream: 'stdout', text: 'é' })
  })

  it('ends with the run', async () => {
    const feed = newFeed()
    const nothing = feed.next()
    feed.end()
    expect(await nothing).toBeUndefined()
    expect(await feed.next()).toBeUndefined()
  })
})

describe('a character', () => {
  it.each(['é', '€', '😀'])('may come in pieces: %s', async (character) => {
    const pieces = [...Buffer.from(character)].map((byte): Chunk => ['stdout', [byte]])
    expect(await read(...pieces)).toEqual([['stdout', character]])
  })

  it('is put together for each stream apart', async () => {
    expect(
      await read(
        ['stdout', [0xe2, 0x82]],
        ['stderr', [0xc3]],
        ['stdout', [0xac]],
        ['stderr', [0xa9]],
      ),
    ).toEqual([
      ['stdout', '€'],
      ['stderr', 'é'],
    ])
  })

  it('that never becomes whole is U+FFFD, at the end', async () => {
    expect(await read(['stdout', [0x61, 0xf0, 0x9f]], ['stderr', [0xc3]])).toEqual([
      ['stdout', 'a'],
      ['stdout', '\ufffd'],
      ['stderr', '\ufffd'],
    ])
  })

  it('may be a byte order mark, wherever it comes', async () => {
    expect(await read(['stdout', [0xef, 0xbb]], ['stdout', [0xbf, 0x61]])).toEqual([
      ['stdout', '\ufeffa'],
    ])
  })
})

it('is read in no time that grows with what waits: to read each chunk moves no other', async () => {
  const feed = newFeed()
  for (let n = 0; n < 200_000; n += 1) feed.add(n % 2 ? 'stdout' : 'stderr', 'x')
  feed.end()
  const startedAtMs = performance.now()
  expect(await rest(feed)).toHaveLength(200_000)
  expect(performance.now() - startedAtMs).toBeLessThan(4000)
})

it('loses nothing, whatever is written and however slowly it is read', async () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.string({ unit: 'binary', maxLength: 4 }).map((text) => new TextEncoder().encode(text)),
  )
  const anyStep = fc.oneof(
    fc.tuple(fc.constantFrom('stdout', 'stderr'), anyBytes),
    fc.constant('read' as const),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 20 }), async (steps) => {
      const feed = newFeed()
      const written = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] }
      const pieces: Piece[] = []
      let reading: Promise<unknown> = Promise.resolve()
      for (const step of steps) {
        if (step === 'read') {
          reading = reading.then(async () => {
            const piece = await feed.next()
            if (typeof piece === 'object') pieces.push(piece)
          })
          await settle()
        } else {
          written[step[0]].push(step[1])
          feed.add(step[0], [...step[1]])
        }
      }
      feed.end()
      await reading
      pieces.push(...(await rest(feed)))
      for (const name of ['stdout', 'stderr'] as const) {
        const texts = pieces.filter(({ stream }) => stream === name).map(({ text }) => text)
        expect(texts.join('')).toBe(wholeText(Buffer.concat(written[name])))
        expect(texts).not.toContain('')
      }
    }),
  )
})

describe('a restart', () => {
  it('drops what was not read, tells of it once, and begins with whole characters', async () => {
    const feed = newFeed()
    feed.add('stdout', 'read')
    expect(await feed.next()).toEqual({ stream: 'stdout', text: 'read' })
    feed.add('stderr', 'dropped')
    feed.add('stdout', [0xc3])
    feed.restart()
    feed.add('stdout', 'anew')
    feed.end()
    expect(await feed.next()).toBe('restart')
    expect(await feed.next()).toEqual({ stream: 'stdout', text: 'anew' })
    expect(await feed.next()).toBeUndefined()
  })

  it('wakes who waits', async () => {
    const feed = newFeed()
    const next = feed.next()
    feed.restart()
    expect(await next).toBe('restart')
  })
})
