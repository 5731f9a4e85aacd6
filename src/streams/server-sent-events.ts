// Server-sent events as bytes, and the constants of their streams.

/** Longest silence of a stream, in milliseconds: proxies close idle connections. */
export const HEARTBEAT_MS = 2000
/** The comment that is sent then. */
export const HEARTBEAT = ': heartbeat\n\n'
/** Longest piece of an event, in bytes; the pieces after it count as unread. */
const MAX_PIECE_BYTES = 65_536

/** Header fields of a stream. */
export const EVENT_STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no', // keeps nginx from buffering events
}

/**
 * An event in pieces. JSON has no line ends, so one line of data holds any value. Long JSON that is bytes already is not
 * copied: all streams share it.
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

/** Length of several pieces in bytes. */
export function bytesOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}
