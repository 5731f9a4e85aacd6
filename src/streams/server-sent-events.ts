// Server-sent events as bytes, and the numbers that all streams of them have.

/** How long a stream is silent at most, in milliseconds: proxies cut connections on which nothing comes. */
export const HEARTBEAT_MS = 2000
/** What is sent then. */
export const HEARTBEAT = ': heartbeat\n\n'
/** Longest piece of a large event that is handed on at once, in bytes. */
const MAX_PIECE_BYTES = 65_536

/** Header fields of a stream. */
export const EVENT_STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no', // nginx would hold events back
}

/** An event of a size that is bounded. JSON has no line ends of its own, so one line of data holds anything. */
export function sseEvent(name: string, data: object, id?: string): Uint8Array {
  return Buffer.from(`${headOf(name, id)}${JSON.stringify(data)}\n\n`)
}

/** An event that may be large. Its JSON is the same for all streams, and never copied to be one with what is around it. */
export function largeEvent(name: string, json: Uint8Array, id?: string): LargeEvent {
  return new LargeEvent(Buffer.from(headOf(name, id)), json)
}

function headOf(name: string, id: string | undefined): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: `
}

/** Handed on piece by piece, so that it counts as unread until it is read. */
export class LargeEvent {
  /** Of all of it. */
  readonly bytes: number
  readonly #parts: Uint8Array[]

  constructor(head: Uint8Array, json: Uint8Array) {
    const end = Buffer.from('\n\n')
    this.bytes = head.length + json.length + end.length
    // One piece where it is small.
    this.#parts =
      this.bytes <= MAX_PIECE_BYTES ? [Buffer.concat([head, json, end])] : [head, json, end]
  }

  /** The next piece; undefined at the end. */
  next(): Uint8Array | undefined {
    const [part] = this.#parts
    if (!part) return undefined
    const piece = part.subarray(0, MAX_PIECE_BYTES)
    if (piece.length === part.length) this.#parts.shift()
    else this.#parts[0] = part.subarray(piece.length)
    return piece
  }

  get isRead(): boolean {
    return this.#parts.length === 0
  }
}
