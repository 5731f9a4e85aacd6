// An asynchronous run, as a client sees it.

import { z } from 'zod'
import { outcomeSchema } from './outcome.ts'
import { refusalSchema } from './refusal.ts'

/** How far a run has come. The last three are ends. */
export const RUN_STATES = ['queued', 'running', 'finished', 'failed', 'cancelled'] as const

const timestamp = z.iso.datetime()

/** An asynchronous run as `GET /runs/{id}` shows it. */
export const asyncRunSchema = z
  .strictObject({
    id: z.string().describe('Identifies the run, here and in its outcome'),
    state: z
      .enum(RUN_STATES)
      .describe(
        '`queued`: waits for a slot. `running`. `finished`: the program ran, `result` has its outcome. `failed`: the ' +
          'program has no result, `refusal` says why. `cancelled`: cancelled by a request',
      ),
    environment: z.string(),
    createdAt: timestamp,
    startedAt: timestamp.nullable(),
    endedAt: timestamp.nullable(),
    expiresAt: timestamp.nullable().describe('When the run is forgotten; null until it has ended'),
    attempts: z
      .int()
      .min(0)
      .describe('Number of starts; more than one only if the request says `retry`'),
    result: outcomeSchema.nullable().describe('Null unless it has finished'),
    refusal: refusalSchema
      .pick({ code: true, error: true })
      .nullable()
      .describe('Null unless it has failed or was cancelled'),
  })
  .meta({ id: 'AsyncRun', description: 'A run that was asked for with POST /runs' })

/** An asynchronous run as `GET /runs/{id}` shows it. */
export type AsyncRun = z.output<typeof asyncRunSchema>

/** The events of a run. `start` is repeated if the run is retried: earlier output is void then. */
export type AsyncRunEvent = { id: string } & (
  | { type: 'start'; data: { attempt: number } }
  | { type: 'stdout' | 'stderr'; data: { text: string } }
  /** The last one: the whole run. */
  | { type: 'end'; data: AsyncRun }
)

/** The receiver of a notification when a run ends. */
export interface Webhook {
  url: string
  /** The key of its signature. */
  secret: string
}
