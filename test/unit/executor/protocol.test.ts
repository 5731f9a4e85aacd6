// The job as it goes to the runner: one frame a field, byte for byte.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeJob, TOKEN_BYTES } from '../../../src/executor/protocol.ts'
import type { RunRequest } from '../../../src/run.ts'
import { TOKEN, takeApart } from './frame-bytes.ts'

const request: RunRequest = { code: 'x', stdin: '', args: [], env: {}, timeoutSeconds: 10 }

/** Kind and payload of each frame of a job. */
function frames(given: Partial<RunRequest>, outputLimitBytes = 1024): string[] {
  const bytes = encodeJob({ token: TOKEN, request: { ...request, ...given }, outputLimitBytes })
  return takeApart(bytes).map(({ kind, payload }) => `${kind} ${payload}`)
}

describe('a job', () => {
  it('has a token of 16 bytes', () => {
    expect(TOKEN_BYTES).toBe(16)
  })

  it('is these bytes', () => {
    const job = { token: TOKEN, request: { ...request, stdin: 'é' }, outputLimitBytes: 7 }
    const token = '000102030405060708090a0b0c0d0e0f'
    expect(encodeJob(job).toString('hex')).toBe(
      [
        `54${'00000005'}${token}3130303030`, // T 10000
        `4f${'00000001'}${token}37`, // O 7
        `43${'00000001'}${token}78`, // C x
        `49${'00000002'}${token}c3a9`, // I é
        `47${'00000000'}${token}`, // G
      ].join(''),
    )
  })

  it('carries every field in order, and says go last', () => {
    const given = {
      code: 'print(1)\n',
      stdin: 'line\n',
      args: ['', '-x', 'ä b'],
      env: { A: '', B: 'c=d' },
      timeoutSeconds: 2,
    }
    expect(frames(given)).toEqual([
      'T 2000',
      'O 1024',
      'C print(1)\n',
      'A ',
      'A -x',
      'A ä b',
      'E A=',
      'E B=c=d',
      'I line\n',
      'G ',
    ])
  })

  it.each([
    [10, 'T 10000'],
    [0.5, 'T 500'],
    [0.0015, 'T 2'],
    [5e-324, 'T 1'],
    [86_400, 'T 86400000'],
  ])('rounds %d seconds up to whole milliseconds, never down to none', (timeoutSeconds, frame) => {
    expect(frames({ timeoutSeconds })[0]).toBe(frame)
  })

  it('repeats the token in every frame', () => {
    const job = { token: TOKEN, request: { ...request, args: ['a'] }, outputLimitBytes: 1 }
    expect(takeApart(encodeJob(job)).map(({ token }) => token)).toEqual(
      Array.from({ length: 6 }, () => '000102030405060708090a0b0c0d0e0f'),
    )
  })

  it('arrives as it was sent, whatever is in it', () => {
    const text = fc.string({ unit: 'binary' })
    const name = fc.string({ minLength: 1 }).filter((it) => !/[=\0]|^__proto__$/.test(it))
    const anyRequest = fc.record({
      code: text,
      stdin: text,
      args: fc.array(text, { maxLength: 4 }),
      env: fc.dictionary(name, text, { maxKeys: 4, noNullPrototype: true }),
      timeoutSeconds: fc.constant(1),
    })
    fc.assert(
      fc.property(anyRequest, (it) => {
        expect(frames(it)).toEqual([
          'T 1000',
          'O 1024',
          `C ${it.code}`,
          ...it.args.map((arg) => `A ${arg}`),
          ...Object.entries(it.env).map(([key, value]) => `E ${key}=${value}`),
          `I ${it.stdin}`,
          'G ',
        ])
      }),
    )
  })
})
