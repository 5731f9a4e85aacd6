// Queries of the run log: the query string, and the condition in SQL.

import type { SelectQueryBuilder } from 'kysely'
import { z } from 'zod'
import { unknownField } from '../run/fields.ts'
import { outcomeSchema } from '../run/outcome.ts'
import type { RunLogDatabase } from './schema.ts'

/** Default range of statistics: the last day, in milliseconds. */
const DEFAULT_RANGE_MS = 86_400_000
/** The default end of statistics is rounded up to this, in milliseconds, so that equal queries share an answer. */
const PRESENT_MS = 10_000
const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200
/** The longest text of a filter. */
const MAX_TEXT = 200

/** Milliseconds since 1970 of a time in ISO 8601, or of a day. */
const time = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], {
    error: 'must be a time such as 2026-01-31T12:00:00Z, or a day',
  })
  .transform((text) => Date.parse(text))

const text = z
  .string()
  .max(MAX_TEXT, `must be at most ${MAX_TEXT} characters`)
  // Postgres has none in text.
  .refine((text) => !text.includes('\0'), 'must not contain a NUL character')
const status = outcomeSchema.shape.status

/** Parameters of lists and of statistics. */
export const filterFields = {
  status: z.enum(status.options, `must be one of ${status.options.join(', ')}`).optional(),
  environment: text.optional(),
  key: text.optional().describe('Name of an API key'),
  codeSha256: text.optional().describe('SHA-256 of a program, in hexadecimal'),
  clientHash: text.optional(),
  since: time.optional().describe('Runs that ended at this time or later'),
  until: time.optional().describe('Runs that ended before this time'),
}

/** Further parameters of a list. */
export const pageFields = {
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1, 'must be at least 1').max(MAX_LIMIT, `must be at most ${MAX_LIMIT}`))
    .default(DEFAULT_LIMIT)
    .describe(`Runs per page: 1 to ${MAX_LIMIT}, by default ${DEFAULT_LIMIT}`),
  cursor: text.optional().describe('`nextCursor` of the previous page'),
}

/** Selects runs. Times are in milliseconds since 1970. */
export type RunFilter = Partial<Omit<z.output<typeof listQuerySchema>, keyof typeof pageFields>>

type Select<O> = SelectQueryBuilder<RunLogDatabase, 'runs', O>

/** Adds the conditions of a filter to a query. */
export function matching<O>(query: Select<O>, filter: RunFilter): Select<O> {
  const { sinceMs, untilMs } = filter
  let result = query
  for (const name of ['status', 'environment', 'key', 'codeSha256', 'clientHash'] as const) {
    if (filter[name] !== undefined) result = result.where(name, '=', filter[name])
  }
  if (sinceMs !== undefined) result = result.where('endedAtMs', '>=', sinceMs)
  if (untilMs !== undefined) result = result.where('endedAtMs', '<', untilMs)
  return result
}

const onlyKnown = { error: unknownField('a query') }

function endOfPresent(): number {
  return Math.floor(Date.now() / PRESENT_MS + 1) * PRESENT_MS
}

function named<T extends { since?: number | undefined; until?: number | undefined }>(query: T) {
  const { since, until, ...others } = query
  return { ...others, sinceMs: since, untilMs: until }
}

/** Of `GET /runs`. */
export const listQuerySchema = z
  .strictObject({ ...filterFields, ...pageFields }, onlyKnown)
  .transform(named)

/** Of `GET /stats`: by default about the last day. */
export const statsQuerySchema = z
  .strictObject(filterFields, onlyKnown)
  .transform((query) => {
    const { sinceMs, untilMs = endOfPresent(), ...others } = named(query)
    return { ...others, sinceMs: sinceMs ?? untilMs - DEFAULT_RANGE_MS, untilMs }
  })
  .refine(({ sinceMs, untilMs }) => sinceMs < untilMs, {
    path: ['since'],
    message: 'must be before until',
  })
