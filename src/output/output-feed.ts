// The output of a run, between the executor that writes bytes and a reader of text.

import type { ExecutionEvent, StreamName } from '../run/executor.ts'
import { OutputText, type Piece } from './output-text.ts'

/** Longest piece that is joined from several chunks, in bytes: the size of a pipe. */
const MAX_PIECE_BYTES = 65_536

/**
 * Keeps unread output as bytes, in order. The executor calls `tell` and `end`; one reader iterates over the output as text,
 * with `restart` if everything before it is void.
 */
export class OutputFeed implements AsyncIterable<Piece | 'restart'> {
  #chunks: { stream: StreamName; bytes: Buffer }[] = []
  /** Number of chunks read. */
  #place = 0
  #text = new OutputText()
  #isRestarted = false
  #isOver = false
  #wake: () => void = () => {}

  /** Keeps output; drops unread output if the program is restarted; ignores other events. */
  tell(event: ExecutionEvent): void {
    if (event.type === 'output') this.#chunks.push(event)
    else if (event.type === 'restart') {
      this.#chunks = []
      this.#place = 0
      this.#text = new OutputText()
      this.#isRestarted = true
    }
    this.#wake()
  }

  /** The run is over. */
  end(): void {
    this.#isOver = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Piece | 'restart', void> {
    for (;;) {
      const next = this.#next()
      if (next) yield next
      else if (this.#isOver) break
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
    this.#text.end()
    yield* this.#text.take()
  }

  #next(): Piece | 'restart' | undefined {
    if (this.#isRestarted) {
      this.#isRestarted = false
      return 'restart'
    }
    while (this.#place < this.#chunks.length) {
      this.#read()
      const [piece] = this.#text.take()
      if (piece) return piece
    }
    return undefined
  }

  /** Reads chunks of one stream, up to the longest piece. */
  #read(): void {
    const stream = this.#chunks[this.#place]?.stream
    for (;;) {
      const chunk = this.#chunks[this.#place]
      if (!chunk || chunk.stream !== stream) break
      if (this.#text.bytes > 0 && this.#text.bytes + chunk.bytes.length > MAX_PIECE_BYTES) break
      this.#text.add(chunk.stream, chunk.bytes)
      this.#place += 1
    }
    // Not one by one: shifting a long array copies all of it.
    if (2 * this.#place <= this.#chunks.length) return
    this.#chunks = this.#chunks.slice(this.#place)
    this.#place = 0
  }
}
