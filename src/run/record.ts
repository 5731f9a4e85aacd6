// One finished run as a record: its client, its outcome, how long each part took.

import type { ApiKey } from '../keys/api-key.ts'
import type { Outcome } from './outcome.ts'
import type { RunRequest } from './request.ts'

/** The origin of a run: its request, key and client. */
export interface RunOrigin {
  requestId: string
  /** Undefined if no key is required. */
  key: ApiKey | undefined
  /** One client: an IPv4 address, or an IPv6 network. */
  client: string
}

/** A client, for fair scheduling. */
export interface Client {
  name: string
  /** How many slots it gets for each one of a client of weight 1. */
  weight: number
}

/** The name of a client, for counting and fair shares: its key, else its address. */
export function clientName({ key, client }: Pick<RunOrigin, 'key' | 'client'>): string {
  return key ? `key:${key.name}` : `address:${client}`
}

/** The client of a run, for fair scheduling. */
export function clientOf(origin: Pick<RunOrigin, 'key' | 'client'>): Client {
  return { name: clientName(origin), weight: origin.key?.weight ?? 1 }
}

/** A run that ended by itself or at a limit. */
export interface RunRecord {
  origin: Pick<RunOrigin, 'requestId' | 'client'> & { key: Pick<ApiKey, 'name'> | undefined }
  request: RunRequest
  outcome: Outcome
  endedAt: Date
  /** Wait for a slot, in milliseconds. */
  waitMs: number
  /** From there until the program started, in milliseconds. */
  startMs: number
  /** From the request to the outcome, in milliseconds. */
  answerMs: number
}
