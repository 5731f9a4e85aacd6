// The frames between the host and a container's runner; sandbox/runner.py is the other end.
//
// A frame is: kind (1 byte), payload length (4 bytes, big endian), token (16 bytes), payload. The program's output
// travels inside frames and is never parsed. The token is random for each job: a frame without it is not the runner's.

import { z } from 'zod'
import type { Config } from '../config/config.ts'
import type { RunRequest } from '../run/request.ts'

/**
 * The protocol version that a runner reports when it is ready. PROTOCOL_VERSION in runner.py is the same; increase both
 * when the meaning of a frame changes.
 */
export const PROTOCOL_VERSION = '1'
const HEADER_BYTES = 21
/** Size of a job's token, in bytes. */
export const TOKEN_BYTES = 16
/** Largest payload that a runner sends, in bytes: OUTPUT_BYTES in runner.py. */
const MAX_PAYLOAD_BYTES = 262_144

/**
 * The runner's frames: ready (with its version), not started (with the reason), started, stdout, stderr, error message,
 * exit; then, if the exit announces more: files and displays with their bytes, omissions, the end.
 */
const FRAME_KINDS = ['R', 'N', 'S', 'O', 'E', 'M', 'X', 'F', 'V', 'B', 'L', 'Z'] as const
export type FrameKind = (typeof FRAME_KINDS)[number]

export interface Frame {
  kind: FrameKind
  token: Buffer
  payload: Buffer
}

/** Kinds with a payload that may arrive in parts: it is part of a longer sequence of bytes anyway. */
const BYTE_KINDS: ReadonlySet<FrameKind> = new Set<FrameKind>(['O', 'E', 'B'])

/**
 * Splits a stream of bytes into frames. The payload of a frame of bytes is passed on as it arrives, without a copy: the
 * same frame is then yielded several times, each time with a part of the payload.
 */
export class FrameParser {
  readonly #header = Buffer.alloc(HEADER_BYTES)
  #headerBytes = 0
  /** The frame with an incomplete payload. */
  #frame: { kind: FrameKind; token: Buffer; left: number; parts: Buffer[] } | undefined;

  /**
   * Yields the frames of these bytes one by one, so that frames before invalid bytes are still yielded.
   * @throws {Error} if the bytes can't be from a runner.
   */
  *push(bytes: Buffer): Generator<Frame, void> {
    let rest = bytes
    while (rest.length > 0) {
      if (!this.#frame) {
        rest = this.#takeHeader(rest)
        if (!this.#frame) return
      }
      const { kind, token, parts } = this.#frame
      const part = rest.subarray(0, this.#frame.left)
      rest = rest.subarray(part.length)
      this.#frame.left -= part.length
      const isComplete = this.#frame.left === 0
      if (isComplete) this.#frame = undefined
      if (BYTE_KINDS.has(kind)) {
        if (part.length > 0) yield { kind, token, payload: part }
        continue
      }
      parts.push(part)
      if (isComplete) yield { kind, token, payload: Buffer.concat(parts) }
    }
  }

  /** Returns the bytes after the header; sets `#frame` if the header is complete. */
  #takeHeader(bytes: Buffer): Buffer {
    const copied = bytes.copy(this.#header, this.#headerBytes)
    this.#headerBytes += copied
    if (this.#headerBytes < HEADER_BYTES) return bytes.subarray(copied)
    this.#headerBytes = 0
    const kind = String.fromCharCode(this.#header.readUInt8(0))
    const left = this.#header.readUInt32BE(1)
    if (!isFrameKind(kind) || left > MAX_PAYLOAD_BYTES) throw new Error('not a frame')
    this.#frame = { kind, token: Buffer.from(this.#header.subarray(5)), left, parts: [] }
    return bytes.subarray(copied)
  }
}

function isFrameKind(kind: string): kind is FrameKind {
  return (FRAME_KINDS as readonly string[]).includes(kind)
}

/** One program and all that the runner needs to run it. */
export interface Job {
  /** TOKEN_BYTES random bytes. */
  token: Buffer
  request: RunRequest
  /** Largest size of stdout and stderr together. */
  outputLimitBytes: number
  collectionLimits: CollectionLimits
}

/** Limits on the returned files, and equally on the displays. */
export interface CollectionLimits {
  maxFiles: number
  maxFileBytes: number
  maxTotalBytes: number
}

/** Enough for the plots and tables of one program; more fit into an archive. Each name takes memory during the run. */
const MAX_FILES = 32

/** The limits that the configuration sets. One file may take at most half, which leaves room for others. */
export function collectionLimits({ MAX_OUTPUT_FILES_BYTES }: Config): CollectionLimits {
  return {
    maxFiles: MAX_FILES,
    maxFileBytes: Math.ceil(MAX_OUTPUT_FILES_BYTES / 2),
    maxTotalBytes: MAX_OUTPUT_FILES_BYTES,
  }
}

/** The frames of a job: one per field, `G` (go) last. */
export function encodeJob({ token, request, outputLimitBytes, collectionLimits }: Job): Buffer {
  const frame = (kind: string, ...parts: (string | Buffer)[]) => {
    const body = Buffer.concat(parts.map((part) => Buffer.from(part)))
    const header = Buffer.alloc(HEADER_BYTES)
    header.write(kind, 0, 'latin1')
    header.writeUInt32BE(body.length, 1)
    token.copy(header, 5)
    return Buffer.concat([header, body])
  }
  const { maxFiles, maxFileBytes, maxTotalBytes } = collectionLimits
  return Buffer.concat([
    frame('T', String(Math.ceil(request.timeoutSeconds * 1000))),
    frame('O', String(outputLimitBytes)),
    frame('B', `${maxFiles} ${maxFileBytes} ${maxTotalBytes}`),
    frame('C', request.code),
    ...(request.displayLastExpression ? [frame('D')] : []),
    ...request.args.map((arg) => frame('A', arg)),
    ...Object.entries(request.env).map(([name, value]) => frame('E', `${name}=${value}`)),
    ...request.files.map(({ path, content, encoding }) =>
      frame('F', `${path}\0`, Buffer.from(content, encoding)),
    ),
    ...request.outputFiles.map((pattern) => frame('W', pattern)),
    frame('I', request.stdin),
    frame('G'),
  ])
}

const exitFacts = {
  /** Why the run ended; the first cause wins. */
  cause: z.enum(['exit', 'timeout', 'output_limit']),
  truncated: z.boolean(),
  durationMs: z.number().min(0),
  cpuMs: z.number().min(0),
  peakMemoryBytes: z.number().int().min(0),
  /** Processes of the container that the kernel killed for memory; null if unknown. */
  oomKills: z.number().int().min(0).nullable(),
  /** How many of them were killed at the end, when the program itself may have been one; null if unknown. */
  oomKillsAtEnd: z.number().int().min(0).nullable(),
  /** Whether files or displays follow. */
  collects: z.boolean(),
}

const exitReportSchema = z.union([
  z.strictObject({ ...exitFacts, exitCode: z.number().int().min(0).max(255), signal: z.null() }),
  /** A signal, given by its number, ended the program. */
  z.strictObject({ ...exitFacts, exitCode: z.null(), signal: z.number().int().min(1).max(64) }),
])

/** The runner's report on the end of a run. */
export type ExitReport = z.output<typeof exitReportSchema>

/** @throws {Error} if the payload is not an exit report. */
export function parseExitReport(payload: Uint8Array): ExitReport {
  return exitReportSchema.parse(JSON.parse(new TextDecoder().decode(payload)))
}
