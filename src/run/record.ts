// One finished run as a record: who asked for it, what became of it, how long each part took.

import type { ApiKey } from '../keys/api-key.ts'
import type { Outcome } from './outcome.ts'
import type { RunRequest } from './request.ts'

/** Who asks for a run. */
export interface RunOrigin {
  requestId: string
  /** Undefined where no key is asked for. */
  key: ApiKey | undefined
  /** One client: an IPv4 address, or an IPv6 network. */
  client: string
}

/** Who takes turns where several wait. */
export interface Client {
  name: string
  /** How many turns it gets where one of weight 1 gets one. */
  weight: number
}

/** Names who asks, for counting and sharing: the key, else the address. */
export function clientName({ key, client }: Pick<RunOrigin, 'key' | 'client'>): string {
  return key ? `key:${key.name}` : `address:${client}`
}

/** Whose turns it takes where clients wait. */
export function clientOf(origin: Pick<RunOrigin, 'key' | 'client'>): Client {
  return { name: clientName(origin), weight: origin.key?.weight ?? 1 }
}

/** A run that ended by itself or at a limit. */
export interface RunRecord {
  origin: Pick<RunOrigin, 'requestId' | 'client'> & { key: Pick<ApiKey, 'name'> | undefined }
  request: RunRequest
  outcome: Outcome
  endedAt: Date
  /** Until there was a place for it, in milliseconds. */
  waitMs: number
  /** From there until the program started, in milliseconds. */
  startMs: number
  /** From the request to the outcome, in milliseconds. */
  answerMs: number
}
