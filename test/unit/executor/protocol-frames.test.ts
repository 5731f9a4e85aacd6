// Cutting the runner's stream into frames: however the bytes come, and whatever they are.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Frame, FrameParser } from '../../../src/executor/protocol.ts'
import { frameBytes, TOKEN } from './frame-bytes.ts'

const readable = ({ kind, token, payload }: Frame) =>
  `${kind} ${token.toString('hex')} ${payload.toString('hex')}`

/** The frames of a stream that comes in these pieces; bytes that came out in parts are put together. */
function parse(pieces: readonly Uint8Array[]): string[] {
  const parser = new FrameParser()
  return joined(pieces.flatMap((piece) => [...parser.push(Buffer.from(piece))]).map(readable))
}

/** Neighbours of one kind of bytes and one token as one; none where there are no bytes. */
function joined(frames: string[]): string[] {
  const result: string[] = []
  for (const frame of frames) {
    const [kind = '', token = '', payload = ''] = frame.split(' ')
    const isBytes = 'OEB'.includes(kind)
    if (isBytes && payload === '') continue
    if (isBytes && result.at(-1)?.startsWith(`${kind} ${token} `))
      result.push(result.pop() + payload)
    else result.push(frame)
  }
  return result
}

const HEX_TOKEN = '000102030405060708090a0b0c0d0e0f'
const stream = Buffer.concat([
  frameBytes('R', '', Buffer.alloc(16)),
  frameBytes('S', ''),
  frameBytes('O', 'hi\n'),
  frameBytes('E', Buffer.from([0, 255, 0x4f])),
  frameBytes('M', 'é'),
  frameBytes('X', '{}'),
  frameBytes('F', '1 a'),
  frameBytes('B', Buffer.from([0])),
  frameBytes('V', '0 0.png'),
  frameBytes('L', 'too_large b'),
  frameBytes('Z', '1 0'),
  frameBytes('N', 'x'),
])
const FRAMES = [
  `R ${'00'.repeat(16)} `,
  `S ${HEX_TOKEN} `,
  `O ${HEX_TOKEN} 68690a`,
  `E ${HEX_TOKEN} 00ff4f`,
  `M ${HEX_TOKEN} c3a9`,
  `X ${HEX_TOKEN} 7b7d`,
  `F ${HEX_TOKEN} 312061`,
  `B ${HEX_TOKEN} 00`,
  `V ${HEX_TOKEN} 3020302e706e67`,
  `L ${HEX_TOKEN} 746f6f5f6c617267652062`,
  `Z ${HEX_TOKEN} 312030`,
  `N ${HEX_TOKEN} 78`,
]

describe('a stream of frames', () => {
  it('may come in one piece', () => {
    expect(parse([stream])).toEqual(FRAMES)
  })

  it('may be cut anywhere', () => {
    for (let cut = 0; cut <= stream.length; cut += 1) {
      expect(parse([stream.subarray(0, cut), stream.subarray(cut)])).toEqual(FRAMES)
    }
  })

  it('may come byte by byte', () => {
    expect(parse([...stream].map((byte) => Uint8Array.of(byte)))).toEqual(FRAMES)
  })

  it('gives a frame out with its last byte, not before and not later', () => {
    const parser = new FrameParser()
    const bytes = frameBytes('M', 'hi')
    expect([...parser.push(bytes.subarray(0, -1))]).toEqual([])
    expect([...parser.push(bytes.subarray(-1))].map(readable)).toEqual([`M ${HEX_TOKEN} 6869`])
    expect([...parser.push(Buffer.alloc(0))]).toEqual([])
  })

  it('gives bytes out as they come, as parts of one frame', () => {
    const parser = new FrameParser()
    const bytes = frameBytes('O', 'hello')
    expect([...parser.push(bytes.subarray(0, 21))]).toEqual([])
    expect([...parser.push(bytes.subarray(21, 23))].map(readable)).toEqual([`O ${HEX_TOKEN} 6865`])
    const rest = Buffer.concat([bytes.subarray(23), frameBytes('S', '')])
    expect([...parser.push(rest)].map(readable)).toEqual([
      `O ${HEX_TOKEN} 6c6c6f`,
      `S ${HEX_TOKEN} `,
    ])
  })

  it('is the same frames however it is cut', () => {
    const anyFrame = fc.record({
      kind: fc.constantFrom(...'RNSOEMXFVBLZ'),
      token: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      payload: fc.uint8Array({ maxLength: 80 }),
    })
    const anyFrames = fc.array(anyFrame, { maxLength: 6 })
    fc.assert(
      fc.property(anyFrames, fc.array(fc.nat(700), { maxLength: 12 }), (frames, cuts) => {
        const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
        const whole = Buffer.concat(
          frames.map(({ kind, token, payload }) => frameBytes(kind, payload, Buffer.from(token))),
        )
        const ends = [...cuts.map((cut) => Math.min(cut, whole.length)), whole.length]
        ends.sort((a, b) => a - b)
        const pieces = ends.map((end, i) => whole.subarray(ends[i - 1] ?? 0, end))
        expect(parse(pieces)).toEqual(
          joined(frames.map(({ kind, token, payload }) => `${kind} ${hex(token)} ${hex(payload)}`)),
        )
      }),
    )
  })
})

describe('bytes that are not a runner’s', () => {
  it.each(['C', 'A', 'I', 'T', 'G', 'W', 'D', 'Q', 'r', 'o', 'f', ' ', '\0', '\n', '\xff'])(
    'are those of a frame of the kind %j',
    (kind) => {
      expect(() => parse([frameBytes(kind, '')])).toThrow('not a frame')
    },
  )

  it('are those of a payload over 262144 bytes, which is told by its header alone', () => {
    const longest = frameBytes('O', Buffer.alloc(262_144, 'x'))
    expect(parse([longest])).toHaveLength(1)
    const header = frameBytes('O', Buffer.alloc(262_145, 'x')).subarray(0, 21)
    expect(() => parse([header])).toThrow('not a frame')
  })

  it('are those of the largest length there is', () => {
    const header = Buffer.concat([Buffer.from('4fffffffff', 'hex'), TOKEN])
    expect(() => parse([header])).toThrow('not a frame')
  })

  it('are those of plain text', () => {
    expect(() => parse([Buffer.from('Traceback (most recent call last):\n')])).toThrow(
      'not a frame',
    )
  })

  it('are those after a good frame too', () => {
    expect(() => parse([frameBytes('S', ''), Buffer.alloc(21)])).toThrow('not a frame')
  })

  it('do not take along the good frames before them in the same piece', () => {
    const piece = Buffer.concat([frameBytes('S', ''), frameBytes('O', 'kept'), Buffer.alloc(40)])
    const before: string[][] = []
    expect(() => {
      for (const { kind, payload } of new FrameParser().push(piece)) {
        before.push([kind, String(payload)])
      }
    }).toThrow('not a frame')
    expect(before).toEqual([
      ['S', ''],
      ['O', 'kept'],
    ])
  })

  it('never make it throw anything else, or give out a frame of another kind', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), (pieces) => {
        const parser = new FrameParser()
        try {
          for (const piece of pieces) {
            for (const { kind } of parser.push(Buffer.from(piece)))
              expect('RNSOEMXFVBLZ').toContain(kind)
          }
        } catch (error) {
          expect(error).toEqual(new Error('not a frame'))
        }
      }),
    )
  })
})
