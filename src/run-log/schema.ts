// A run of the run log, in the database and in the API.

import { createHash, createHmac } from 'node:crypto'
import { z } from 'zod'
import { outcomeSchema } from '../run/outcome.ts'
import type { RunRecord } from '../run/record.ts'

/** One run, as the API shows it. */
export const loggedRunSchema = z
  .strictObject({
    id: z.string().describe('The `id` of the outcome'),
    endedAt: z.iso.datetime().describe('End of the run, in UTC'),
    requestId: z.string().describe('Identifies the request in the server’s log'),
    key: z.string().nullable().describe('Name of the API key; null if no key is required'),
    clientHash: z
      .string()
      .describe('The client’s address, hashed with the server’s salt; equal for equal addresses'),
    environment: z.string(),
    status: outcomeSchema.shape.status,
    exitCode: outcomeSchema.shape.exitCode,
    signal: outcomeSchema.shape.signal,
    truncated: outcomeSchema.shape.truncated,
    waitMs: z.int().min(0).describe('Wait for a slot, in milliseconds'),
    startMs: z.int().min(0).describe('From the slot to the start of the program, in milliseconds'),
    durationMs: outcomeSchema.shape.durationMs,
    answerMs: z.int().min(0).describe('From the request to the outcome, in milliseconds'),
    cpuMs: outcomeSchema.shape.cpuMs,
    peakMemoryBytes: outcomeSchema.shape.peakMemoryBytes,
    codeBytes: z.int().min(0).describe('Size of the program, in bytes'),
    outputBytes: z
      .int()
      .min(0)
      .describe('Size of the returned stdout and stderr together, in bytes'),
    codeSha256: z.string().describe('SHA-256 of the program, in hexadecimal'),
    code: z.string().nullable().describe('The program, if the server keeps code'),
    error: z.string().nullable().describe('The outcome’s `error`, if the server keeps output'),
    output: z.string().nullable().describe('Standard output, if the server keeps it'),
    stderr: z.string().nullable().describe('Standard error, if the server keeps it'),
  })
  .meta({ id: 'LoggedRun', description: 'A run in the run log' })

/** One run, as the API shows it. */
export type LoggedRun = z.output<typeof loggedRunSchema>

/** A row of the table `runs`: the same, with the time in milliseconds and a flag as a number, which every database has. */
export interface RunRow extends Omit<LoggedRun, 'endedAt' | 'truncated'> {
  endedAtMs: number
  truncated: number
}

/** The tables of the run log. */
export interface RunLogDatabase {
  runs: RunRow
}

export interface RowOptions {
  /** Secret that keeps addresses from being found by trying all of them. */
  salt: string
  /** Whether code and output are kept. */
  keepsCode: boolean
}

/** The row of a run. */
export function toRow(record: RunRecord, { salt, keepsCode }: RowOptions): RunRow {
  const { origin, request, outcome } = record
  return {
    id: outcome.id,
    endedAtMs: record.endedAt.getTime(),
    requestId: origin.requestId,
    key: origin.key?.name ?? null,
    clientHash: createHmac('sha256', salt).update(origin.client).digest('hex').slice(0, 32),
    environment: request.environment,
    status: outcome.status,
    exitCode: outcome.exitCode,
    signal: outcome.signal,
    truncated: Number(outcome.truncated),
    waitMs: Math.round(record.waitMs),
    startMs: Math.round(record.startMs),
    durationMs: outcome.durationMs,
    answerMs: Math.round(record.answerMs),
    cpuMs: outcome.cpuMs,
    peakMemoryBytes: outcome.peakMemoryBytes,
    codeBytes: Buffer.byteLength(request.code),
    outputBytes: Buffer.byteLength(outcome.output) + Buffer.byteLength(outcome.stderr),
    codeSha256: createHash('sha256').update(request.code).digest('hex'),
    code: keepsCode ? storable(request.code) : null,
    error: keepsCode ? storable(outcome.error) : null,
    output: keepsCode ? storable(outcome.output) : null,
    stderr: keepsCode ? storable(outcome.stderr) : null,
  }
}

export function fromRow({ id, endedAtMs, truncated, ...others }: RunRow): LoggedRun {
  return { id, endedAt: new Date(endedAtMs).toISOString(), ...others, truncated: truncated !== 0 }
}

/** Postgres has no NUL in text. */
function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD')
}
