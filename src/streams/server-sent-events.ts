// Server-sent events as bytes, and the numbers that all streams of them have.

/** How long a stream is silent at most, in milliseconds: proxies cut connections on which nothing comes. */
export const HEARTBEAT_MS = 2000
/** What is sent then. */
export const HEARTBEAT = ': heartbeat\n\n'
/** Longest piece of an event that is handed on at once, in bytes: the rest counts as unread until its turn comes. */
const MAX_PIECE_BYTES = 65_536

/** Header fields of a stream. */
export const EVENT_STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no', // nginx would hold events back
}

/**
 * An event as the pieces in which it is handed on. JSON has no line ends of its own, so one line of data holds anything.
 * Where it is there as bytes it is the same for all streams: never copied to be one with what is around it, where it is long.
 */
export function sseEvent(name: string, data: object | Uint8Array, id?: string): Uint8Array[] {
  const head = Buffer.from(`${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: `)
  const json = data instanceof Uint8Array ? data : Buffer.from(JSON.stringify(data))
  const end = Buffer.from('\n\n')
  if (head.length + json.length + end.length <= MAX_PIECE_BYTES) {
    return [Buffer.concat([head, json, end])]
  }
  const pieces: Uint8Array[] = []
  for (let at = 0; at < json.length; at += MAX_PIECE_BYTES) {
    pieces.push(json.subarray(at, at + MAX_PIECE_BYTES))
  }
  return [head, ...pieces, end]
}

/** How many bytes several pieces have together. */
export function bytesOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}
