// Output between its writer and its reader: bytes become text across the borders of chunks, and nothing is lost.

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OutputFeed, type Piece } from '../../../src/output/output-feed.ts'
import type { StreamName } from '../../../src/run/executor.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

type Chunk = [stream: StreamName, bytes: string | readonly number[]]

const bytesOf = (bytes: string | readonly number[]) =>
  typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(Uint8Array.from(bytes))

/** All that can be read of a feed that has ended. */
async function rest(feed: OutputFeed): Promise<Piece[]> {
  const pieces: Piece[] = []
  for (;;) {
    const piece = await feed.next(1000)
    if (piece === undefined) return pieces
    if (piece !== 'silence' && piece !== 'restart') pieces.push(piece)
  }
}

/** What is read, as stream and text, where these chunks were written and nobody read meanwhile. */
async function read(...chunks: Chunk[]): Promise<string[][]> {
  const feed = new OutputFeed()
  for (const [stream, bytes] of chunks) feed.add(stream, bytesOf(bytes))
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
    const feed = new OutputFeed()
    for (const text of ['a', 'b', 'c']) {
      const piece = feed.next(1000)
      feed.add('stderr', bytesOf(text))
      expect(await piece).toEqual({ stream: 'stderr', text })
    }
    expect(vi.getTimerCount()).toBe(0)
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
  it('ends with silence where nothing comes in time, as often as it is asked', async () => {
    const feed = new OutputFeed()
    for (let i = 0; i < 3; i += 1) {
      let heard: unknown
      void feed.next(1000).then((it) => {
        heard = it
      })
      await vi.advanceTimersByTimeAsync(999)
      expect(heard).toBeUndefined()
      await vi.advanceTimersByTimeAsync(1)
      await settle()
      expect(heard).toBe('silence')
    }
    feed.add('stdout', bytesOf('x'))
    expect(await feed.next(1000)).toEqual({ stream: 'stdout', text: 'x' })
  })

  it('is not over with half of a character', async () => {
    const feed = new OutputFeed()
    const piece = feed.next(1000)
    feed.add('stdout', bytesOf([0xc3]))
    await vi.advanceTimersByTimeAsync(500)
    feed.add('stdout', bytesOf([0xa9]))
    expect(await piece).toEqual({ stream: 'stdout', text: 'é' })
  })

  it('ends with the run', async () => {
    const feed = new OutputFeed()
    const nothing = feed.next(1000)
    feed.end()
    expect(await nothing).toBeUndefined()
    expect(await feed.next(1000)).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('tells of the start and of the end', async () => {
    const feed = new OutputFeed()
    const first = Promise.race([feed.ended.then(() => 'end'), feed.started.then(() => 'start')])
    feed.start()
    expect(await first).toBe('start')
    feed.end()
    await feed.ended
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
      const feed = new OutputFeed()
      const written = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] }
      const pieces: Piece[] = []
      let reading: Promise<unknown> = Promise.resolve()
      for (const step of steps) {
        if (step === 'read') {
          reading = reading.then(async () => {
            const piece = await feed.next(1000)
            if (typeof piece === 'object') pieces.push(piece)
          })
          await settle()
        } else {
          written[step[0]].push(step[1])
          feed.add(step[0], Buffer.from(step[1]))
        }
      }
      feed.end()
      await reading
      pieces.push(...(await rest(feed)))
      for (const name of ['stdout', 'stderr'] as const) {
        const texts = pieces.filter(({ stream }) => stream === name).map(({ text }) => text)
        expect(texts.join('')).toBe(Buffer.concat(written[name]).toString())
        expect(texts).not.toContain('')
      }
    }),
  )
})

describe('a restart', () => {
  it('drops what was not read, tells of it once, and begins with whole characters', async () => {
    const feed = new OutputFeed()
    feed.add('stdout', bytesOf('read'))
    expect(await feed.next(1000)).toEqual({ stream: 'stdout', text: 'read' })
    feed.add('stderr', bytesOf('dropped'))
    feed.add('stdout', bytesOf('é').subarray(0, 1))
    feed.restart()
    feed.add('stdout', bytesOf('anew'))
    feed.end()
    expect(await feed.next(1000)).toBe('restart')
    expect(await feed.next(1000)).toEqual({ stream: 'stdout', text: 'anew' })
    expect(await feed.next(1000)).toBeUndefined()
  })

  it('wakes who waits', async () => {
    const feed = new OutputFeed()
    const next = feed.next(10_000)
    feed.restart()
    expect(await next).toBe('restart')
  })
})
