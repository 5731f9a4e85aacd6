// Facts -> answer: bytes become text once, at the end, and no byte makes it fail.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classify } from '../../../src/executor/classify.ts'
import { exited, facts } from './facts.ts'

/** Both streams as text, where the program wrote the same bytes to both. */
function texts(bytes: readonly number[] | string): [output: string, stderr: string] {
  const written = typeof bytes === 'string' ? Buffer.from(bytes) : Uint8Array.from(bytes)
  const { output, stderr } = classify(facts({ stdout: written, stderr: written }))
  return [output, stderr]
}

describe('output', () => {
  it.each([
    ['', ''],
    ['\n', ''],
    ['4', '4'],
    ['4\n', '4'],
    ['4\n\n', '4\n'],
    ['\n4\n', '\n4'],
    ['4 \n', '4 '],
    ['4\r\n', '4\r'],
    ['a\nb\n', 'a\nb'],
    ['4\u2028', '4\u2028'],
    ['4\n ', '4\n '],
  ])('of %j is %j: without its one final newline', (written, output) => {
    expect(texts(written)[0]).toBe(output)
  })

  it('is kept when the program fails', () => {
    const given = { exit: exited(1), message: 'x', stdout: Buffer.from('before\n') }
    expect(classify(facts(given)).output).toBe('before')
  })
})

describe('stderr', () => {
  it('keeps its final newline', () => {
    expect(texts('4\n')[1]).toBe('4\n')
  })
})

describe('bytes that are no UTF-8', () => {
  it.each([
    ['a lone byte', [0x61, 0xff, 0x62], 'a\ufffdb'],
    ['a character cut after 1 of 2 bytes', [0x61, 0xc3], 'a\ufffd'],
    ['a character cut after 2 of 3 bytes', [0x61, 0xe2, 0x82], 'a\ufffd'],
    ['a character cut after 3 of 4 bytes', [0x61, 0xf0, 0x9f, 0x98], 'a\ufffd'],
    ['the rest of a character', [0x82, 0xac, 0x61], '\ufffd\ufffda'],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80], '\ufffd\ufffd\ufffd'],
    ['an overlong form', [0xc0, 0x80], '\ufffd\ufffd'],
    ['a cut character before the final newline', [0xe2, 0x82, 0x0a], '\ufffd'],
  ])('become U+FFFD: %s', (_, bytes, output) => {
    expect(texts(bytes)[0]).toBe(output)
  })

  it('never make it fail, and never change what is text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        expect(texts([...bytes])[1]).toBe(Buffer.from(bytes).toString('utf8'))
      }),
    )
  })
})

describe('a byte order mark', () => {
  it('is kept, at the start and elsewhere', () => {
    expect(texts([0xef, 0xbb, 0xbf, 0x61])).toEqual(['\ufeffa', '\ufeffa'])
    expect(texts('a\ufeff')).toEqual(['a\ufeff', 'a\ufeff'])
  })
})

describe('a NUL and other control characters', () => {
  it('are kept', () => {
    expect(texts('a\0b\x1b[31m\x07')).toEqual(['a\0b\x1b[31m\x07', 'a\0b\x1b[31m\x07'])
  })
})
