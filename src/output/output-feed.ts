// The output of a run, between the one who writes it in bytes and the one who reads it as text.

import { StringDecoder } from 'node:string_decoder'
import type { StreamName } from '../run/executor.ts'

/** Longest piece that is put together of several, in bytes: what a pipe gives at once. */
const MAX_PIECE_BYTES = 65_536

/** Output of one of the program's streams. */
export interface Piece {
  stream: StreamName
  text: string
}

/**
 * Keeps what was not read yet as the bytes that came. Whoever runs the program calls `start`, `add` and `end`, whoever
 * reads calls `next`.
 */
export class OutputFeed {
  /** Resolves when the program starts. */
  readonly started: Promise<void>
  /** Resolves when the run is over. */
  readonly ended: Promise<void>
  start: () => void = () => {}
  end: () => void = () => {}
  readonly #chunks: { stream: StreamName; bytes: Buffer }[] = []
  #decoders = newDecoders()
  #isRestarted = false
  #isOver = false
  #wake: () => void = () => {}

  constructor() {
    this.started = new Promise((resolve) => {
      this.start = resolve
    })
    this.ended = new Promise((resolve) => {
      this.end = () => {
        this.#isOver = true
        this.#wake()
        resolve()
      }
    })
  }

  add(stream: StreamName, bytes: Buffer): void {
    this.#chunks.push({ stream, bytes })
    this.#wake()
  }

  /** The program begins again: what came of it is void, and what was not read of that is dropped. */
  restart(): void {
    this.#chunks.length = 0
    this.#decoders = newDecoders()
    this.#isRestarted = true
    this.#wake()
  }

  /**
   * The next piece of output as text; `restart` where what was read is void; `silence` where nothing comes in `ms`
   * milliseconds; nothing at the end.
   */
  async next(ms: number): Promise<Piece | 'restart' | 'silence' | undefined> {
    for (;;) {
      if (this.#isRestarted) {
        this.#isRestarted = false
        return 'restart'
      }
      const piece = this.#take()
      if (piece) return piece
      if (this.#isOver) return undefined
      if (!(await this.#wakes(ms))) return 'silence'
    }
  }

  /** Output of one stream, as much as there is and as fits into a piece; half a character waits for its rest. */
  #take(): Piece | undefined {
    while (this.#chunks[0]) {
      const { stream } = this.#chunks[0]
      const pieces: string[] = []
      let size = 0
      for (let chunk = this.#chunks[0]; chunk?.stream === stream; chunk = this.#chunks[0]) {
        size += chunk.bytes.length
        if (size > MAX_PIECE_BYTES && pieces.length > 0) break
        this.#chunks.shift()
        pieces.push(this.#decoders[stream].write(chunk.bytes))
      }
      const text = pieces.join('')
      if (text) return { stream, text }
    }
    return this.#isOver ? this.#takeRest() : undefined
  }

  /** What is left of a character that never became whole. */
  #takeRest(): Piece | undefined {
    for (const stream of ['stdout', 'stderr'] as const) {
      const text = this.#decoders[stream].end()
      if (text) return { stream, text }
    }
    return undefined
  }

  #wakes(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }
}

// Several times as fast as a TextDecoder that keeps what was half a character.
function newDecoders() {
  return { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }
}
