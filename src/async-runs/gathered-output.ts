// The output of a run as pieces of text that are worth an event: bytes that come soon after each other are one.

import { StringDecoder } from 'node:string_decoder'
import type { StreamName } from '../executor/executor.ts'

/** How long output is gathered before it is handed on, in milliseconds: nobody sees that it comes later. */
const GATHER_MS = 25
/** How much is gathered at most, in bytes; a chunk that is longer is a piece of its own. */
const MAX_GATHERED_BYTES = 65_536
/**
 * How often output may change between the streams within that time and still come in the order in which it was written.
 * Beyond, it comes by streams: a program that changes for every byte would make a million pieces.
 */
const MAX_CHANGES = 32

/** Output of one of the streams. */
export interface OutputPiece {
  stream: StreamName
  text: string
}

/** Gathers output; half a character waits for its rest. */
export class GatheredOutput {
  readonly #onPiece: (piece: OutputPiece) => void
  readonly #decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }
  #pieces: OutputPiece[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(onPiece: (piece: OutputPiece) => void) {
    this.#onPiece = onPiece
  }

  add(stream: StreamName, bytes: Buffer): void {
    if (this.#bytes + bytes.length > MAX_GATHERED_BYTES) this.#handOn()
    this.#bytes += bytes.length
    this.#gather(stream, this.#decoders[stream].write(bytes))
    this.#timer ??= setTimeout(() => this.#handOn(), GATHER_MS).unref()
  }

  /** Hands on all there is, and what is left of characters that never became whole. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#gather(stream, this.#decoders[stream].end())
    }
    this.#handOn()
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

  #handOn(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#bytes = 0
    const pieces = this.#pieces
    this.#pieces = []
    for (const piece of pieces) this.#onPiece(piece)
  }
}
