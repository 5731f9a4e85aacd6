// What is asked of the run log: put runs in, find them, count them, forget them.

import { type Kysely, type SelectQueryBuilder, sql } from 'kysely'
import { z } from 'zod'
import { fromRow, type LoggedRun, type RunLogDatabase, type RunRow } from './schema.ts'

/** Most bars of a chart over time. */
export const MAX_BUCKETS = 60
/** How many runs are forgotten in one query: a long one would keep others waiting. */
const FORGET_AT_ONCE = 5000
/** Widths of a bar, in milliseconds: lengths that people have a word for. */
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const WIDTHS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12, 24, 48, 168, 720, 8760].map((hours) => hours * HOUR_MS),
]

export interface RunFilter {
  status?: LoggedRun['status'] | undefined
  environment?: string | undefined
  key?: string | undefined
  codeSha256?: string | undefined
  clientHash?: string | undefined
  /** From this time on, in milliseconds since 1970. */
  sinceMs?: number | undefined
  /** Before this time. */
  untilMs?: number | undefined
}

/** One page of runs, the newest first. */
export interface RunPage {
  runs: LoggedRun[]
  /** Where the next page begins; null where this is the last. */
  nextCursor: string | null
}

export const statsSchema = z
  .strictObject({
    since: z.iso.datetime(),
    until: z.iso.datetime(),
    runs: z.int().min(0).describe('How many runs ended between the two'),
    byStatus: z.record(z.string(), z.int().min(0)),
    byEnvironment: z.record(z.string(), z.int().min(0)),
    byKey: z
      .record(z.string(), z.int().min(0))
      .describe('By the name of the key, the most first, 100 at most; without a key: empty name'),
    durationMs: z
      .strictObject({ p50: z.int().min(0), p95: z.int().min(0), max: z.int().min(0) })
      .nullable()
      .describe('Wall clock of the programs; null where there was no run'),
    cpuMs: z.int().min(0).describe('CPU time of all of them'),
    bucketMs: z.int().min(1).describe('Length of one bucket'),
    buckets: z
      .array(z.strictObject({ start: z.iso.datetime(), byStatus: z.record(z.string(), z.int()) }))
      .describe('Counts over time, without empty buckets'),
  })
  .meta({ id: 'Stats', description: 'Counts of the run log' })

/** Counts of the run log. */
export type Stats = z.output<typeof statsSchema>

/** How many keys statistics name. */
const MAX_KEYS = 100

type Select<O> = SelectQueryBuilder<RunLogDatabase, 'runs', O>

export class RunStore {
  readonly #database: Kysely<RunLogDatabase>

  constructor(database: Kysely<RunLogDatabase>) {
    this.#database = database
  }

  /** A run that is there already stays as it is: who does not know whether it was written may write it again. */
  async add(rows: readonly RunRow[]): Promise<void> {
    await this.#database
      .insertInto('runs')
      .values([...rows])
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  }

  async find(id: string): Promise<LoggedRun | undefined> {
    const row = await this.#database
      .selectFrom('runs')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst()
    return row && fromRow(row as RunRow)
  }

  /**
   * Runs that pass the filter, the newest first; `limit` at most, from `cursor` on.
   * @throws {RangeError} when the cursor is none of ours.
   */
  async list(filter: RunFilter, limit: number, cursor?: string): Promise<RunPage> {
    let query = matching(this.#database.selectFrom('runs').selectAll(), filter)
    if (cursor !== undefined) {
      const { endedAtMs, id } = parseCursor(cursor)
      query = query.where((is) =>
        is.or([
          is('endedAtMs', '<', endedAtMs),
          is.and([is('endedAtMs', '=', endedAtMs), is('id', '<', id)]),
        ]),
      )
    }
    const rows = (await query
      .orderBy('endedAtMs', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1)
      .execute()) as RunRow[]
    const shown = rows.slice(0, limit)
    const last = rows.length > limit ? shown.at(-1) : undefined
    return { runs: shown.map(fromRow), nextCursor: last ? toCursor(last) : null }
  }

  /** Counts of the runs that pass the filter, between two times. */
  async stats(filter: RunFilter & { sinceMs: number; untilMs: number }): Promise<Stats> {
    const { sinceMs, untilMs } = filter
    const runs = () => matching(this.#database.selectFrom('runs'), filter)
    const count = sql<number>`count(*)`.as('count')
    const widthMs =
      WIDTHS_MS.find((ms) => (untilMs - sinceMs) / ms <= MAX_BUCKETS) ?? untilMs - sinceMs
    const bucket = sql<number>`ended_at_ms - ended_at_ms % ${sql.lit(Math.ceil(widthMs))}`
    const [buckets, environments, keys, sums] = await Promise.all([
      runs()
        .select(['status', bucket.as('startMs'), count])
        .groupBy(['status', bucket])
        .orderBy('startMs')
        .execute(),
      runs().select(['environment', count]).groupBy('environment').execute(),
      runs()
        .select(['key', count])
        .groupBy('key')
        .orderBy('count', 'desc')
        .limit(MAX_KEYS)
        .execute(),
      runs()
        .select([count, sql<number | null>`sum(cpu_ms)`.as('cpuMs')])
        .executeTakeFirstOrThrow(),
    ])
    const total = Number(sums.count)
    const nth = async (share: number) => {
      const row = await runs()
        .select('durationMs')
        .orderBy('durationMs')
        .limit(1)
        .offset(Math.min(total - 1, Math.floor(total * share)))
        .executeTakeFirst()
      return Number(row?.durationMs ?? 0)
    }
    return {
      since: new Date(sinceMs).toISOString(),
      until: new Date(untilMs).toISOString(),
      runs: total,
      byStatus: sumBy(buckets, ({ status }) => status),
      byEnvironment: sumBy(environments, ({ environment }) => environment),
      byKey: sumBy(keys, ({ key }) => key ?? ''),
      durationMs:
        total === 0 ? null : { p50: await nth(0.5), p95: await nth(0.95), max: await nth(1) },
      cpuMs: Number(sums.cpuMs ?? 0),
      bucketMs: Math.ceil(widthMs),
      buckets: [...new Set(buckets.map(({ startMs }) => startMs))].map((startMs) => ({
        start: new Date(Number(startMs)).toISOString(),
        byStatus: sumBy(
          buckets.filter((other) => other.startMs === startMs),
          ({ status }) => status,
        ),
      })),
    }
  }

  /** Forgets runs that ended before a time, and all but the newest `maxRuns`. Returns how many. */
  async forget({ beforeMs, maxRuns }: { beforeMs: number; maxRuns: number }): Promise<number> {
    const firstTooMany = await this.#database
      .selectFrom('runs')
      .select(['endedAtMs', 'id'])
      .orderBy('endedAtMs', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .offset(maxRuns)
      .executeTakeFirst()
    let forgotten = 0
    for (;;) {
      const deleted = await this.#database
        .deleteFrom('runs')
        .where('id', 'in', (runs) =>
          runs
            .selectFrom('runs')
            .select('id')
            .where((is) =>
              is.or([
                is('endedAtMs', '<', beforeMs),
                ...(firstTooMany
                  ? [
                      is('endedAtMs', '<', firstTooMany.endedAtMs),
                      is.and([
                        is('endedAtMs', '=', firstTooMany.endedAtMs),
                        is('id', '<=', firstTooMany.id),
                      ]),
                    ]
                  : []),
              ]),
            )
            .orderBy('endedAtMs')
            .limit(FORGET_AT_ONCE),
        )
        .executeTakeFirst()
      forgotten += Number(deleted.numDeletedRows)
      if (Number(deleted.numDeletedRows) < FORGET_AT_ONCE) return forgotten
    }
  }
}

function matching<O>(query: Select<O>, filter: RunFilter): Select<O> {
  const { status, environment, key, codeSha256, clientHash, sinceMs, untilMs } = filter
  let result = query
  if (status !== undefined) result = result.where('status', '=', status)
  if (environment !== undefined) result = result.where('environment', '=', environment)
  if (key !== undefined) result = result.where('key', '=', key)
  if (codeSha256 !== undefined) result = result.where('codeSha256', '=', codeSha256)
  if (clientHash !== undefined) result = result.where('clientHash', '=', clientHash)
  if (sinceMs !== undefined) result = result.where('endedAtMs', '>=', sinceMs)
  if (untilMs !== undefined) result = result.where('endedAtMs', '<', untilMs)
  return result
}

function sumBy<T extends { count: number }>(rows: readonly T[], nameOf: (row: T) => string) {
  const sums: Record<string, number> = {}
  for (const row of rows) sums[nameOf(row)] = (sums[nameOf(row)] ?? 0) + Number(row.count)
  return sums
}

function toCursor({ endedAtMs, id }: RunRow): string {
  return Buffer.from(JSON.stringify([endedAtMs, id])).toString('base64url')
}

const cursorSchema = z.tuple([z.int().min(0), z.string()])

function parseCursor(cursor: string): { endedAtMs: number; id: string } {
  try {
    const [endedAtMs, id] = cursorSchema.parse(
      JSON.parse(Buffer.from(cursor, 'base64url').toString()),
    )
    return { endedAtMs, id }
  } catch {
    throw new RangeError('is not a cursor of this list')
  }
}
