import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonBytes, jsonTextBytes } from '../../../src/run/json-bytes.ts'

const text = async (value: object) => Buffer.from(await jsonBytes(value)).toString()

describe('the JSON of a value', () => {
  it('is what JSON.stringify says, where it is short', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (value) => {
        expect(await text(value)).toBe(JSON.stringify(value))
      }),
    )
  })

  it.each(['\u0001', '"', 'x', 'é', '\u2028', '😀'])(
    'means the same where it is made in pieces, of %j',
    async (character) => {
      const long = character.repeat(100_001)
      const value = { a: long, b: [{ c: `x${long}` }, null, 1.5, true], d: undefined, e: {}, f: [] }
      const made = await text(value)
      expect(JSON.parse(made)).toEqual(JSON.parse(JSON.stringify(value)))
    },
  )

  it('is made once', async () => {
    const value = { a: 'x'.repeat(100_000) }
    expect(await jsonBytes(value)).toBe(await jsonBytes(value))
  })

  it('lets others have their turn while a long one is made', async () => {
    const value = { a: '\u0001'.repeat(8_000_000) }
    let longestMs = 0
    let lastMs = performance.now()
    let isOver = false
    const watch = () => {
      longestMs = Math.max(longestMs, performance.now() - lastMs)
      lastMs = performance.now()
      if (!isOver) setImmediate(watch)
    }
    watch()
    const startMs = performance.now()
    const bytes = await jsonBytes(value)
    const tookMs = performance.now() - startMs
    isOver = true
    expect(bytes.length).toBe(8_000_000 * 6 + 8)
    // In one go it would be all of it.
    expect(longestMs).toBeLessThan(tookMs / 3)
  })
})

describe('the length of a text in JSON', () => {
  it('is that of what JSON.stringify says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const { length } = Buffer.from(JSON.stringify(value))
        expect(jsonTextBytes(Buffer.from(value))).toBe(length - 2)
      }),
    )
  })

  it('need not be counted beyond a bound', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat({ max: 100 }), (value, maxBytes) => {
        const length = jsonTextBytes(Buffer.from(value))
        const counted = jsonTextBytes(Buffer.from(value), maxBytes)
        if (length <= maxBytes) expect(counted).toBe(length)
        else expect(counted).toBeGreaterThan(maxBytes)
      }),
    )
  })

  it.each(Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)))('of %j', (one) => {
    expect(jsonTextBytes(Buffer.from(one))).toBe(JSON.stringify(one).length - 2)
  })
})
