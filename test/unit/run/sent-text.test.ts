// How long a text is as it is sent, and what is left of one that is too long.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutToSent, sentBytes } from '../../../src/run/sent-text.ts'

const anyText = fc.string({
  maxLength: 300,
  unit: fc.oneof(fc.nat(0xffff), fc.nat(0x7f)).map((unit) => String.fromCharCode(unit)),
})

describe('sentBytes', () => {
  it.each([
    ['a', 1],
    ['"', 2],
    ['\n', 2],
    ['\u0001', 6],
    ['é', 2],
    ['😀', 4],
    ['\ud800', 6],
  ])('%j are %d', (text, bytes) => {
    expect(sentBytes(text)).toBe(bytes)
  })
})

describe('cutToSent', () => {
  it('leaves what fits as it is, up to the last byte', () => {
    expect(cutToSent('\u0001'.repeat(10), 60)).toBe('\u0001'.repeat(10))
    expect(cutToSent('\u0001'.repeat(10), 59)).toBe(`${'\u0001'.repeat(9)}…`)
    expect(cutToSent('x'.repeat(60), 60)).toBe('x'.repeat(60))
  })

  it('is the beginning of it, and never longer', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 400 }), (text, maxBytes) => {
        const cut = cutToSent(text, maxBytes)
        const isWhole = sentBytes(text) <= maxBytes
        expect(cut === text).toBe(isWhole)
        if (isWhole) return
        expect(cut.endsWith('…')).toBe(true)
        expect(text.startsWith(cut.slice(0, -1))).toBe(true)
        expect(sentBytes(cut.slice(0, -1))).toBeLessThanOrEqual(maxBytes)
      }),
      { numRuns: 300 },
    )
  })
})
