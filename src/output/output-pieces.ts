// The output of a run as pieces of text that are worth an event: what comes before somebody takes it is few of them.

import { StringDecoder } from 'node:string_decoder'
import type { StreamName } from '../run/executor.ts'
import type { Piece } from './output-feed.ts'

/**
 * How often output may change between the streams before it is taken and still come in the order in which it was written.
 * Beyond, it comes by streams: a program that changes for every byte would make a million pieces.
 */
export const MAX_CHANGES = 32

/** Gathers output until it is taken; half a character waits for its rest. */
export class OutputPieces {
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

  #gather(stream: StreamName, text: string): void {
    if (!text) return
    const last = this.#pieces.at(-1)
    if (last?.stream === stream) last.text += text
    else if (this.#pieces.length < MAX_CHANGES) this.#pieces.push({ stream, text })
    else this.#gatherApart(stream, text)
  }

  /** To the last piece of this stream, past those of the other one. */
  #gatherApart(stream: StreamName, text: string): void {
    const last = this.#pieces.findLast((piece) => piece.stream === stream)
    if (last) last.text += text
    else this.#pieces.push({ stream, text })
  }
}
