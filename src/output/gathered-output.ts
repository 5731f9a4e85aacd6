// Output in batches, by time and size, for readers that do not notice the delay.

import type { StreamName } from '../run/executor.ts'
import { OutputText, type Piece } from './output-text.ts'

/** Maximum delay of output, in milliseconds. */
const GATHER_MS = 25
/** Maximum size of a batch, in bytes; a longer chunk is a batch of its own. */
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

  /** Passes on the rest, with what is left of incomplete characters. */
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
