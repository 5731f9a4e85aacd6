// The output of a run as text. What comes in bytes before somebody takes it is few pieces, each worth an event.

import { StringDecoder } from 'node:string_decoder'
import type { StreamName } from '../run/executor.ts'

/**
 * How often output may change between the streams before it is taken and still come in the order in which it was written.
 * Beyond, it comes by streams: a program that changes for every byte would make a million pieces.
 */
export const MAX_CHANGES = 32

/** Output of one of the program's streams. */
export interface Piece {
  stream: StreamName
  text: string
}

/** All that a program wrote to one of its streams: what its pieces say together. */
export function wholeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

/**
 * Gathers output until it is taken. Half a character waits for its rest; one that never becomes whole is U+FFFD at the end,
 * and so is a byte that is none.
 */
export class OutputText {
  // Several times as fast as a TextDecoder that keeps what was half a character.
  readonly #decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }
  #pieces: Piece[] = []
  #bytes = 0

  /** How much there is to be taken, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  add(stream: StreamName, bytes: Buffer): void {
    this.#bytes += bytes.length
    this.#gather(stream, this.#decoders[stream].write(bytes))
  }

  /** What is left of characters that never became whole is there to be taken. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#gather(stream, this.#decoders[stream].end())
    }
  }

  /** All there is. */
  take(): Piece[] {
    const pieces = this.#pieces
    this.#pieces = []
    this.#bytes = 0
    return pieces
  }

  /** Where there are too many pieces, to the last one of its stream, past those of the other one. */
  #gather(stream: StreamName, text: string): void {
    if (!text) return
    const isFull = this.#pieces.length >= MAX_CHANGES
    const last = isFull
      ? this.#pieces.findLast((piece) => piece.stream === stream)
      : this.#pieces.at(-1)
    if (last?.stream === stream) last.text += text
    else this.#pieces.push({ stream, text })
  }
}
