// Output in pieces: what is joined, what stays in order, and that no character is lost.

import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { GatheredOutput } from '../../../src/output/gathered-output.ts'
import { type Piece, wholeText } from '../../../src/output/output-text.ts'

let pieces: Piece[]
let output: GatheredOutput
beforeEach(() => {
  vi.useFakeTimers()
  pieces = []
  output = new GatheredOutput((piece) => pieces.push(piece))
})
afterEach(() => {
  vi.useRealTimers()
})

const add = (stream: 'stdout' | 'stderr', text: string) => output.add(stream, Buffer.from(text))

it('what comes at once is one piece, and comes soon', () => {
  add('stdout', 'a')
  add('stdout', 'b')
  vi.advanceTimersByTime(24)
  expect(pieces).toEqual([])
  vi.advanceTimersByTime(1)
  expect(pieces).toEqual([{ stream: 'stdout', text: 'ab' }])
  add('stdout', 'c')
  output.end()
  expect(pieces[1]).toEqual({ stream: 'stdout', text: 'c' })
  expect(vi.getTimerCount()).toBe(0)
})

it('the order of the streams is kept, as long as they do not change all the time', () => {
  for (const stream of ['stdout', 'stderr', 'stdout'] as const) add(stream, stream[3] ?? '')
  output.end()
  expect(pieces.map(({ text }) => text)).toEqual(['o', 'e', 'o'])
  pieces.length = 0
  for (let n = 0; n < 1000; n += 1) add(n % 2 ? 'stdout' : 'stderr', 'x')
  output.end()
  expect(pieces.length).toBeLessThanOrEqual(32)
})

it('what is much comes before its time', () => {
  for (let n = 0; n < 7; n += 1) add('stdout', 'x'.repeat(10_000))
  expect(pieces.map(({ text }) => text.length)).toEqual([60_000])
  output.end()
  expect(pieces.map(({ text }) => text.length)).toEqual([60_000, 10_000])
})

it('pieces of a stream together are what its bytes say', () => {
  const chunk = fc.record({
    stream: fc.constantFrom('stdout' as const, 'stderr' as const),
    bytes: fc.uint8Array({ maxLength: 5 }),
    ms: fc.constantFrom(0, 30),
  })
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 80 }), (chunks) => {
      pieces = []
      const gathered = new GatheredOutput((piece) => pieces.push(piece))
      for (const { stream, bytes, ms } of chunks) {
        gathered.add(stream, Buffer.from(bytes))
        vi.advanceTimersByTime(ms)
      }
      gathered.end()
      for (const name of ['stdout', 'stderr'] as const) {
        const own = chunks.filter(({ stream }) => stream === name)
        const text = pieces.map((piece) => (piece.stream === name ? piece.text : '')).join('')
        expect(text).toBe(wholeText(Buffer.concat(own.map(({ bytes }) => bytes))))
      }
    }),
  )
})
