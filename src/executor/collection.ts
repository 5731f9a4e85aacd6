// Assembles the files and displays that a run returns from the runner's frames.

import { jsonTextBytes } from '../run/json-bytes.ts'
import {
  type Display,
  displayEncoding,
  displayType,
  MAX_OMITTED,
  OMISSIONS,
  type Outcome,
  type OutputFile,
} from '../run/outcome.ts'
import type { CollectionLimits, Frame } from './protocol.ts'

/**
 * Largest total size of the returned files' paths as JSON, in bytes per allowed file: a path of 64 folders can reach
 * 100 KB, and the size of a result must be bounded.
 */
export const MAX_NAMES_BYTES_PER_FILE = 1024
/** Largest total size of the omitted files' paths as JSON, in bytes; the rest are counted but not named. */
export const MAX_OMITTED_NAMES_BYTES = 65_536

/** The part of an outcome that is collected. */
export type Collected = Pick<
  Outcome,
  'files' | 'filesOmitted' | 'filesOmittedCount' | 'displays' | 'displaysOmittedCount'
>

/** A file or display, possibly incomplete. */
interface Part {
  isDisplay: boolean
  name: string
  size: number
  left: number
  chunks: Buffer[]
}

/** Trusts the runner only within the limits: one that sends more than requested has been compromised. */
export class Collection {
  readonly #limits: CollectionLimits
  readonly #parts: Part[] = []
  readonly #omitted: Outcome['filesOmitted'] = []
  #counts: { files: number; displays: number } | undefined

  constructor(limits: CollectionLimits) {
    this.#limits = limits
  }

  /**
   * Adds a frame received after the exit frame; returns true if it was the last one.
   * @throws {Error} if the frame can't be from a runner.
   */
  add({ kind, payload }: Frame): boolean {
    if (kind === 'B') this.#addBytes(payload)
    else if (kind === 'F' || kind === 'V') this.#begin(kind === 'V', payload.toString())
    else if (kind === 'L') this.#leaveOut(payload.toString())
    else if (kind === 'Z') this.#finish(payload.toString())
    else throw new Error(`frame ${kind} after the exit`)
    return this.#counts !== undefined
  }

  /** The complete files. If the runner ended early, each of `patterns` is reported as `not_collected`. */
  end(patterns: readonly string[]): Collected {
    const whole = this.#parts.filter(({ left }) => left === 0)
    const missing = this.#counts
      ? []
      : patterns.map((path) => ({ path, reason: 'not_collected' as const }))
    const { displays, omittedCount } = this.#displays(whole.filter(({ isDisplay }) => isDisplay))
    const files = whole.filter(({ isDisplay }) => !isDisplay)
    const named = withinBytes(
      files.map(({ name }) => name),
      this.#limits.maxFiles * MAX_NAMES_BYTES_PER_FILE,
    )
    const unnamed = files
      .slice(named)
      .map(({ name: path }) => ({ path, reason: 'total_too_large' as const }))
    const omitted = [...this.#omitted, ...unnamed].slice(0, MAX_OMITTED - missing.length)
    const told = withinBytes(
      omitted.map(({ path }) => path),
      MAX_OMITTED_NAMES_BYTES,
    )
    return {
      files: files.slice(0, named).map(toFile),
      filesOmitted: [...omitted.slice(0, told), ...missing],
      filesOmittedCount:
        (this.#counts?.files ?? this.#omitted.length + missing.length) + unnamed.length,
      displays,
      displaysOmittedCount: (this.#counts?.displays ?? 0) + omittedCount,
    }
  }

  /**
   * The displays of a known type. Text counts with its size as JSON, in which `<` may take one byte but a control
   * character takes six. The program may have put anything into the display folder.
   */
  #displays(parts: readonly Part[]): { displays: Display[]; omittedCount: number } {
    const { maxFileBytes, maxTotalBytes } = this.#limits
    let bytesLeft = maxTotalBytes
    const displays = parts.flatMap(({ name, chunks }): Display[] => {
      const mime = displayType(name.slice(name.lastIndexOf('.') + 1))
      if (!mime) return []
      const encoding = displayEncoding(mime)
      const bytes = Buffer.concat(chunks)
      const maxBytes = Math.min(maxFileBytes, bytesLeft)
      const sent = encoding === 'utf8' ? jsonTextBytes(bytes, maxBytes) : bytes.length
      if (sent > maxBytes) return []
      bytesLeft -= sent
      return [{ mime, data: bytes.toString(encoding) }]
    })
    return { displays, omittedCount: parts.length - displays.length }
  }

  #begin(isDisplay: boolean, title: string): void {
    const [, digits, name] = title.match(/^(\d+) (.+)$/s) ?? []
    if (!digits || !name) throw new Error('a file without size and name')
    const size = Number(digits)
    const others = this.#parts.filter((part) => part.isDisplay === isDisplay)
    const totalBytes = others.reduce((sum, part) => sum + part.size, size)
    const { maxFiles, maxFileBytes, maxTotalBytes } = this.#limits
    if (others.length >= maxFiles || size > maxFileBytes || totalBytes > maxTotalBytes) {
      throw new Error('more files than were asked for')
    }
    this.#parts.push({ isDisplay, name, size, left: size, chunks: [] })
  }

  #addBytes(bytes: Buffer): void {
    const part = this.#parts.at(-1)
    if (!part || bytes.length > part.left) throw new Error('more bytes than the file has')
    part.left -= bytes.length
    part.chunks.push(bytes)
  }

  #finish(text: string): void {
    const [, files, displays] = text.match(/^(\d+) (\d+)$/) ?? []
    if (!files || !displays) throw new Error('an end without counts')
    this.#counts = { files: Number(files), displays: Number(displays) }
  }

  #leaveOut(text: string): void {
    if (this.#omitted.length === MAX_OMITTED) throw new Error('more left out than is to be told')
    const space = text.indexOf(' ')
    const reason = OMISSIONS.find((known) => known === text.slice(0, space))
    if (!reason) throw new Error('left out without a reason')
    this.#omitted.push({ path: text.slice(space + 1), reason })
  }
}

/** Most bytes sent per byte of a file: it is sent as base64 if text would take more. */
export const MAX_SENT_OF_FILE_BYTE = 2
/** Most bytes sent per byte of a display: base64, or text whose size as JSON is within the limit. */
export const MAX_SENT_OF_DISPLAY_BYTE = 4 / 3

/**
 * Sends UTF-8 as text unless that takes more than twice its bytes: a control character takes six in JSON. A quote takes
 * two, and a file of ordinary JSON should stay readable for clients.
 */
function toFile({ name, size, chunks }: Part): OutputFile {
  const bytes = Buffer.concat(chunks)
  const maxBytes = MAX_SENT_OF_FILE_BYTE * size
  const text = jsonTextBytes(bytes, maxBytes) <= maxBytes ? utf8Text(bytes) : undefined
  return text === undefined
    ? { path: name, size, encoding: 'base64', content: bytes.toString('base64') }
    : { path: name, size, encoding: 'utf8', content: text }
}

/** How many texts, counted from the first, take at most `maxBytes` bytes together as JSON. */
function withinBytes(texts: readonly string[], maxBytes: number): number {
  let bytes = 0
  const first = texts.findIndex((text) => {
    bytes += jsonTextBytes(Buffer.from(text))
    return bytes > maxBytes
  })
  return first === -1 ? texts.length : first
}

/** The bytes as text; undefined if they are not UTF-8. */
function utf8Text(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
