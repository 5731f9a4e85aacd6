// The output of a run as text, in few pieces, each of which becomes one event.

import { StringDecoder } from 'node:string_decoder'
import type { StreamName } from '../run/executor.ts'

/**
 * Maximum number of changes between the streams for which the order of output is kept. After that, output is joined by
 * stream: a program that changes the stream with every byte would make a million pieces.
 */
export const MAX_CHANGES = 32

/** Output of one of the program's streams. */
export interface Piece {
  stream: StreamName
  text: string
}

/** The whole output of one stream: the same text as its pieces together. */
export function wholeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

/**
 * Gathers output until it is taken. An incomplete character is held back until the rest of it arrives; one that stays
 * incomplete becomes U+FFFD at the end, like an invalid byte.
 */
export class OutputText {
  // Several times as fast as a TextDecoder with `stream: true`.
  readonly #decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }
  #pieces: Piece[] = []
  #bytes = 0

  /** Number of gathered bytes. */
  get bytes(): number {
    return this.#bytes
  }

  add(stream: StreamName, bytes: Buffer): void {
    this.#bytes += bytes.length
    this.#gather(stream, this.#decoders[stream].write(bytes))
  }

  /** Adds what is left of incomplete characters. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#gather(stream, this.#decoders[stream].end())
    }
  }

  /** Takes everything gathered. */
  take(): Piece[] {
    const pieces = this.#pieces
    this.#pieces = []
    this.#bytes = 0
    return pieces
  }

  /** Adds to the last piece; if there are too many, to the last one of the same stream. */
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
