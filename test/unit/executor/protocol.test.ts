// The job as it goes to the runner: one frame a field, byte for byte.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeJob, TOKEN_BYTES } from '../../../src/executor/protocol.ts'
import { ownRequest, type RunRequest } from '../../../src/run/request.ts'
import { TOKEN, takeApart } from './frame-bytes.ts'

const request = ownRequest({ code: 'x', environment: 'python', timeoutSeconds: 10 })
const collectionLimits = { maxFiles: 3, maxFileBytes: 50, maxTotalBytes: 100 }

/** Kind and payload of each frame of a job. */
function frames(given: Partial<RunRequest>, outputLimitBytes = 1024): string[] {
  const job = { token: TOKEN, request: { ...request, ...given }, outputLimitBytes }
  const bytes = encodeJob({ ...job, collectionLimits })
  return takeApart(bytes).map(({ kind, payload }) => `${kind} ${payload}`)
}

describe('a job', () => {
  it('has a token of 16 bytes', () => {
    expect(TOKEN_BYTES).toBe(16)
  })

  it('is these bytes', () => {
    const job = {
      token: TOKEN,
      request: { ...request, stdin: 'é' },
      outputLimitBytes: 7,
      collectionLimits,
    }
    const token = '000102030405060708090a0b0c0d0e0f'
    expect(encodeJob(job).toString('hex')).toBe(
      [
        `54${'00000005'}${token}3130303030`, // T 10000
        `4f${'00000001'}${token}37`, // O 7
        `42${'00000008'}${token}3320353020313030`, // B 3 50 100
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
      files: [
        { path: 'a.txt', content: 'é', encoding: 'utf8' as const },
        { path: 'b/c', content: 'aGk=', encoding: 'base64' as const },
      ],
      outputFiles: ['*.png', 'out/**'],
      displayLastExpression: true,
    }
    expect(frames(given)).toEqual([
      'T 2000',
      'O 1024',
      'B 3 50 100',
      'C print(1)\n',
      'D ',
      'A ',
      'A -x',
      'A ä b',
      'E A=',
      'E B=c=d',
      'F a.txt\0é',
      'F b/c\0hi',
      'W *.png',
      'W out/**',
      'I line\n',
      'G ',
    ])
  })

  it('does not carry the environment: that is the container itself', () => {
    expect(frames({ environment: 'data' })).toEqual(frames({}))
  })

  it('carries a file of text as UTF-8, and one of base64 as the bytes that it stands for', () => {
    const file = (content: string, encoding: 'utf8' | 'base64') => {
      const given = { ...request, files: [{ path: 'é/x', content, encoding }] }
      const job = { token: TOKEN, request: given, outputLimitBytes: 1, collectionLimits }
      return takeApart(encodeJob(job))
        .find(({ kind }) => kind === 'F')
        ?.bytes.toString('hex')
    }
    const path = 'c3a92f7800'
    expect(file('', 'utf8')).toBe(path)
    expect(file('', 'base64')).toBe(path)
    expect(file('\ufeffé\0\r\n', 'utf8')).toBe(`${path}efbbbfc3a9000d0a`)
    expect(file('AP+A/g==', 'base64')).toBe(`${path}00ff80fe`)
    expect(file('AP+A', 'utf8')).toBe(`${path}41502b41`)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const sent = Buffer.from(bytes)
        expect(file(sent.toString('base64'), 'base64')).toBe(path + sent.toString('hex'))
      }),
    )
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
    const job = {
      token: TOKEN,
      request: { ...request, args: ['a'] },
      outputLimitBytes: 1,
      collectionLimits,
    }
    expect(takeApart(encodeJob(job)).map(({ token }) => token)).toEqual(
      Array.from({ length: 7 }, () => '000102030405060708090a0b0c0d0e0f'),
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
      files: fc.array(fc.record({ path: name, content: text, encoding: fc.constant('utf8') }), {
        maxLength: 3,
      }),
      outputFiles: fc.array(name, { maxLength: 3 }),
      displayLastExpression: fc.boolean(),
    })
    fc.assert(
      fc.property(anyRequest, (it) => {
        expect(frames(it)).toEqual([
          'T 1000',
          'O 1024',
          'B 3 50 100',
          `C ${it.code}`,
          ...(it.displayLastExpression ? ['D '] : []),
          ...it.args.map((arg) => `A ${arg}`),
          ...Object.entries(it.env).map(([key, value]) => `E ${key}=${value}`),
          ...it.files.map(({ path, content }) => `F ${path}\0${content}`),
          ...it.outputFiles.map((pattern) => `W ${pattern}`),
          `I ${it.stdin}`,
          'G ',
        ])
      }),
    )
  })
})
