// What a run may come to take in Redis: no result of a program takes more.

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config/config.ts'
import { classify } from '../../../src/executor/classify.ts'
import { Collection } from '../../../src/executor/collection.ts'
import type { FrameKind } from '../../../src/executor/protocol.ts'
import { type ResultLimits, resultBound, resultLimits } from '../../../src/queue/result-bound.ts'
import { OMISSIONS } from '../../../src/run/outcome.ts'
import { largestOutput, largestResult } from '../../support/largest-result.ts'
import { exited, facts } from '../executor/facts.ts'
import { TOKEN } from '../executor/frame-bytes.ts'
import { outcome } from '../support/app.ts'

const LIMITS: ResultLimits = {
  outputBytes: 3000,
  collection: { maxFiles: 4, maxFileBytes: 1500, maxTotalBytes: 4000 },
}

/** Bytes that take most as JSON, or are no UTF-8. */
const nasty = (maxLength: number) =>
  fc
    .array(fc.constantFrom('\u0001', '"', '\\', '\n', 'é', '💥', '<', 'raw'), { maxLength })
    .map((parts) =>
      Buffer.concat(parts.map((part) => (part === 'raw' ? Buffer.of(0xff) : Buffer.from(part)))),
    )
const path = fc
  .array(fc.constantFrom('\u0001', '"', 'é', '/', 'a'), { minLength: 1, maxLength: 4000 })
  .map((parts) => parts.join(''))

interface Part {
  name: string
  bytes: Buffer
}
const part: fc.Arbitrary<Part> = fc.record({ name: path, bytes: nasty(1500) })

/** As many of these as a runner may send. */
function sendable(parts: readonly Part[]): Part[] {
  let total = 0
  const { maxFiles, maxFileBytes, maxTotalBytes } = LIMITS.collection
  return parts.slice(0, maxFiles).filter(({ bytes }) => {
    if (bytes.length > maxFileBytes || total + bytes.length > maxTotalBytes) return false
    total += bytes.length
    return true
  })
}

it('is no less than what any program leaves', () => {
  fc.assert(
    fc.property(
      ...([nasty(3000), nasty(8000), fc.array(part, { maxLength: 4 })] as const),
      ...([fc.array(part, { maxLength: 4 }), fc.array(path, { maxLength: 100 })] as const),
      fc.constantFrom('png', 'html', 'svg', 'txt'),
      (output, message, files, displays, omitted, extension) => {
        const collection = new Collection(LIMITS.collection)
        const add = (kind: FrameKind, payload: string | Buffer) =>
          collection.add({ kind, token: TOKEN, payload: Buffer.from(payload as string) })
        for (const { name, bytes } of sendable(files)) {
          add('F', `${bytes.length} ${name}`)
          if (bytes.length > 0) add('B', bytes)
        }
        for (const { bytes } of sendable(displays)) {
          add('V', `${bytes.length} 0.${extension}`)
          if (bytes.length > 0) add('B', bytes)
        }
        for (const [n, name] of omitted.entries()) {
          add('L', `${OMISSIONS[n % OMISSIONS.length]} ${name}`)
        }
        const result = classify(
          facts({
            ...{ stdout: output.subarray(0, 1500), stderr: output.subarray(1500, 3000) },
            message: message.subarray(0, 8192).toString(),
            exit: exited(1),
            collected: collection.end(['**']),
          }),
        )
        const bytes = Buffer.byteLength(
          JSON.stringify({ state: 'finished', result, startMs: 12.5 }),
        )
        const { endBytes, filesBytes } = resultBound(LIMITS)
        expect(bytes).toBeLessThanOrEqual(endBytes + filesBytes)
        const isPlain = result.files.length + result.filesOmitted.length === 0
        if (isPlain) expect(bytes).toBeLessThanOrEqual(endBytes)
      },
    ),
    { numRuns: 200 },
  )
})

describe('with the default limits', () => {
  const limits = resultLimits(parseConfig({}))
  const bound = resultBound(limits)
  const largest = (given: object) =>
    Buffer.byteLength(
      JSON.stringify({ state: 'finished', result: outcome({ ...given }), startMs: 0 }),
    )

  it('is little more than the largest result', () => {
    const { displays, ...others } = largestResult(limits)
    const whole = largest({ ...others, displays, error: '\u0001'.repeat(8192) })
    expect(bound.endBytes + bound.filesBytes).toBeGreaterThanOrEqual(whole)
    expect(bound.endBytes + bound.filesBytes).toBeLessThan(1.1 * whole)
  })

  it('is less where no files are to come back', () => {
    const { displays } = largestResult(limits)
    const whole = largest({ displays, output: largestOutput(limits) })
    expect(bound.endBytes).toBeGreaterThanOrEqual(whole)
    expect(bound.endBytes).toBeLessThan(1.1 * whole)
  })
})

it('is what docs/cluster.md says, and so is how many runs fit', () => {
  const text = readFileSync('docs/cluster.md', 'utf8').replace(/\s+/g, ' ')
  const queue = { EXECUTOR: 'queue', REDIS_URL: 'redis://localhost' }
  const { MAX_RESULTS_MB: queueMegabytes } = parseConfig(queue)
  const { endBytes, filesBytes, eventsBytes } = resultBound(resultLimits(parseConfig({})))
  const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
  const all = endBytes + filesBytes + eventsBytes
  expect(text).toContain(
    `${megabytes(endBytes)} MB reserved; ${megabytes(endBytes + filesBytes)} if it asks for files; ` +
      `${megabytes(eventsBytes)} more if its output is followed`,
  )
  const fits = (bytes: number) => Math.floor((0.75 * queueMegabytes * 2 ** 20) / bytes)
  expect(text).toContain(
    `defaults ${fits(endBytes)} synchronous ones, or ${fits(endBytes + eventsBytes)} asynchronous ones, ${fits(all)} with files`,
  )
  const needed = (places: number) => Math.ceil((places * Number(megabytes(all)) * 4) / 3)
  expect(text).toContain(`${needed(16)} for 16 slots, ${needed(48)} for 48`)
})
