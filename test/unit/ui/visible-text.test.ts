// Characters that hide, colour or turn text around are shown by name, and nothing of a text is lost.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_NAMED, textParts } from '../../../src/ui/visible-text.ts'

const joined = (text: string) => textParts(text).map((part) => part.text)

describe('a text', () => {
  it.each([
    ['', []],
    ['one\ttwo\nthree\r\n', [{ text: 'one\ttwo\nthree\r\n' }]],
    ['é€😀 עברית', [{ text: 'é€😀 עברית' }]],
    ['a\x1b[31m', [{ text: 'a' }, { text: '\x1b', name: 'ESC' }, { text: '[31m' }]],
    [
      '\0\x07',
      [
        { text: '\0', name: 'NUL' },
        { text: '\x07', name: 'BEL' },
      ],
    ],
    ['a\rb', [{ text: 'a' }, { text: '\r', name: 'CR' }, { text: 'b' }]],
    [
      '\u202e\u2066\x9f',
      [
        { text: '\u202e', name: 'U+202E' },
        { text: '\u2066', name: 'U+2066' },
        { text: '\x9f', name: 'U+009F' },
      ],
    ],
  ])('is in parts: %j', (text, parts) => {
    expect(textParts(text)).toEqual(parts)
  })

  it('is whole again when its parts are put together', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        expect(joined(text).join('')).toBe(text)
      }),
    )
  })

  it('has so many names at most, and then a sign in their place', () => {
    const parts = textParts('\x1b'.repeat(MAX_NAMED * 10))
    expect(parts.filter(({ name }) => name)).toHaveLength(MAX_NAMED)
    expect(parts.at(-1)?.text).toMatch(/^\ufffd+$/)
    expect(parts.map(({ text }) => text).join('')).toHaveLength(MAX_NAMED * 10)
  })

  it('gets no name at all where none is left', () => {
    expect(textParts('a\x1bb', 0)).toEqual([{ text: 'a\ufffdb' }])
  })
})
