// The frames between the host and a container's runner; sandbox/runner.py is the other end.
//
// A frame is: kind (1 byte), payload length (4 bytes, big endian), token (16 bytes), payload. The program's output
// travels inside frames and is never parsed. The token is random for each job: a frame without it is not the runner's.

import { z } from 'zod'
import type { RunRequest } from '../run.ts'

const HEADER_BYTES = 21
/** Bytes of a job's token. */
export const TOKEN_BYTES = 16
/** Longest payload that a runner sends: one pipe's worth of output (CHUNK_BYTES in runner.py). */
const MAX_PAYLOAD_BYTES = 65_536

/**
 * What the runner says: ready, not started (and why), started, stdout, stderr, error message, exit; then, where the exit
 * says that something follows, files and displays with their bytes, what was left out, the end.
 */
const FRAME_KINDS = ['R', 'N', 'S', 'O', 'E', 'M', 'X', 'F', 'V', 'B', 'L', 'Z'] as const
export type FrameKind = (typeof FRAME_KINDS)[number]

export interface Frame {
  kind: FrameKind
  token: Buffer
  payload: Buffer
}

const KINDS: ReadonlySet<string> = new Set(FRAME_KINDS)

/** Cuts a stream of bytes into frames. */
export class FrameParser {
  #rest: Buffer = Buffer.alloc(0);

  /**
   * The frames that are complete with these bytes, one after the other: those before bad bytes come out whole.
   * @throws {Error} when the bytes can't be a runner's.
   */
  *push(bytes: Uint8Array): Generator<Frame, void> {
    this.#rest = Buffer.concat([this.#rest, bytes])
    while (this.#rest.length >= HEADER_BYTES) {
      const kind = String.fromCharCode(this.#rest.readUInt8(0))
      const size = this.#rest.readUInt32BE(1)
      if (!KINDS.has(kind) || size > MAX_PAYLOAD_BYTES) throw new Error('not a frame')
      const end = HEADER_BYTES + size
      if (this.#rest.length < end) return
      const token = this.#rest.subarray(5, HEADER_BYTES)
      const payload = this.#rest.subarray(HEADER_BYTES, end)
      this.#rest = this.#rest.subarray(end)
      yield { kind: kind as FrameKind, token, payload }
    }
  }
}

/** One program, as the runner needs it. */
export interface Job {
  /** TOKEN_BYTES random bytes. */
  token: Buffer
  request: RunRequest
  /** Most bytes of stdout and stderr together. */
  outputLimitBytes: number
  collectionLimits: CollectionLimits
}

/** Bounds of what comes back beside the output: once for files, once for displays. */
export interface CollectionLimits {
  maxFiles: number
  maxFileBytes: number
  maxTotalBytes: number
}

/** The frames of a job: one a field, `G` (go) last. */
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
  /** What made the runner end the run; the first cause wins. */
  cause: z.enum(['exit', 'timeout', 'output_limit']),
  truncated: z.boolean(),
  durationMs: z.number().min(0),
  cpuMs: z.number().min(0),
  peakMemoryBytes: z.number().int().min(0),
  /** Processes of the container that the kernel killed for memory; null where it can't be known. */
  oomKills: z.number().int().min(0).nullable(),
  /** How many of them in the last moments, when the program itself may have been one. */
  oomKillsAtEnd: z.number().int().min(0).nullable(),
  /** Whether files or displays follow. */
  collects: z.boolean(),
}

const exitReportSchema = z.union([
  z.strictObject({ ...exitFacts, exitCode: z.number().int().min(0).max(255), signal: z.null() }),
  /** A signal, by its number, ended the program. */
  z.strictObject({ ...exitFacts, exitCode: z.null(), signal: z.number().int().min(1).max(64) }),
])

/** The end of a run as the runner saw it. */
export type ExitReport = z.output<typeof exitReportSchema>

/** @throws {Error} when the payload is no exit report. */
export function parseExitReport(payload: Uint8Array): ExitReport {
  return exitReportSchema.parse(JSON.parse(new TextDecoder().decode(payload)))
}
