// JSON as the bytes that are sent: encoded once for each value, and without blocking the event loop.

import { setImmediate as nextTurn } from 'node:timers/promises'

/** Most bytes of JSON for a byte of text: a control character is `\u0001`. */
export const MAX_JSON_BYTES_OF_BYTE = 6
/** Texts up to this length together are encoded at once, in characters. */
const SHORT_CHARS = 64 * 1024
/** Longer texts are encoded in pieces of this length, in characters: half a millisecond each if every character is escaped. */
const PIECE_CHARS = 16 * 1024
/** How long the encoding runs before it yields to other work, in milliseconds. */
const TURN_MS = 5

const made = new WeakMap<object, Promise<Uint8Array<ArrayBuffer>>>()

/**
 * The JSON of a value that does not change any more. A megabyte of control characters is six megabytes of JSON and takes
 * `JSON.stringify` a tenth of a second, in which the server would answer no request.
 */
export function jsonBytes(value: object): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = made.get(value) ?? encode(value)
  made.set(value, bytes)
  return bytes
}

async function encode(value: object): Promise<Uint8Array<ArrayBuffer>> {
  if (!hasMoreThan(SHORT_CHARS, value)) return Buffer.from(JSON.stringify(value))
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of inTurns(piecesOf(value))) {
    const made = Buffer.from(piece)
    pieces.push(made)
    bytes += made.length
  }
  // Not `Buffer.concat`: to copy ten megabytes to memory that is new takes tens of milliseconds.
  const all = Buffer.allocUnsafeSlow(bytes)
  let at = 0
  for await (const piece of inTurns(pieces)) at += piece.copy(all, at)
  return all
}

/** Yields items, and lets other work run every few milliseconds. */
async function* inTurns<T>(items: Iterable<T>): AsyncGenerator<T> {
  let turnEndsAtMs = performance.now() + TURN_MS
  for (const item of items) {
    yield item
    if (performance.now() < turnEndsAtMs) continue
    await nextTurn()
    turnEndsAtMs = performance.now() + TURN_MS
  }
}

/** Whether the texts in a value are longer than this together. */
function hasMoreThan(chars: number, value: object): boolean {
  let left = chars
  const count = (part: unknown): boolean => {
    if (typeof part === 'string') left -= part.length
    else if (typeof part === 'object' && part !== null) return Object.values(part).some(count)
    return left < 0
  }
  return count(value)
}

/** The result of `JSON.stringify`, in pieces. A surrogate pair that is cut in two is escaped by halves, which means the same. */
function* piecesOf(value: unknown): Generator<string> {
  if (typeof value === 'string' && value.length > PIECE_CHARS) {
    yield '"'
    for (let at = 0; at < value.length; at += PIECE_CHARS) {
      yield JSON.stringify(value.slice(at, at + PIECE_CHARS)).slice(1, -1)
    }
    yield '"'
  } else if (typeof value === 'object' && value !== null) {
    const isArray = Array.isArray(value)
    yield isArray ? '[' : '{'
    let separator = ''
    for (const [name, item] of Object.entries(value)) {
      if (item === undefined && !isArray) continue
      yield isArray ? separator : `${separator}${JSON.stringify(name)}:`
      yield* piecesOf(item)
      separator = ','
    }
    yield isArray ? ']' : '}'
  } else yield JSON.stringify(value) ?? 'null'
}

/**
 * How many bytes a text takes in JSON, which is sent as UTF-8: given as its UTF-8. Where that is more than `maxBytes`, it
 * need not be counted to the end, and is some number above it.
 */
export function jsonTextBytes(utf8: Uint8Array, maxBytes = Number.POSITIVE_INFINITY): number {
  let bytes = utf8.length
  // Not `for of`: an iterator takes ten times as long, which for some megabytes is a tenth of a second.
  for (let at = 0; at < utf8.length && bytes <= maxBytes; at += 1) {
    bytes += ADDED_BYTES[utf8[at] as number] as number
  }
  return bytes
}

/** Bytes that escaping adds to each byte: `\n` adds one, `\u0001` five (ECMA-262, QuoteJSONString). */
const ADDED_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x20) return byte === 0x22 || byte === 0x5c ? 1 : 0
  return [0x08, 0x09, 0x0a, 0x0c, 0x0d].includes(byte) ? 1 : 5
})
