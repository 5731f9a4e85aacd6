// Output that is handed on by time and size, for readers of whom nobody sees that it comes later.

import type { StreamName } from '../run/executor.ts'
import { OutputText, type Piece } from './output-text.ts'

/** How long output is gathered before it is handed on, in milliseconds. */
const GATHER_MS = 25
/** How much is gathered at most, in bytes; a chunk that is longer is a piece of its own. */
const MAX_GATHERED_BYTES = 65_536

export class GatheredOutput {
  readonly #onPiece: (piece: Piece) => void
  readonly #text = new OutputText()
  #timer: NodeJS.Timeout | undefined

  constructor(onPiece: (piece: Piece) => void) {
    this.#onPiece = onPiece
  }

  add(stream: StreamName, bytes: Buffer): void {
    if (this.#text.bytes + bytes.length > MAX_GATHERED_BYTES) this.#handOn()
    this.#text.add(stream, bytes)
    this.#timer ??= setTimeout(() => this.#handOn(), GATHER_MS).unref()
  }

  /** Hands on all there is, and what is left of characters that never became whole. */
  end(): void {
    this.#text.end()
    this.#handOn()
  }

  #handOn(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const piece of this.#text.take()) this.#onPiece(piece)
  }
}
