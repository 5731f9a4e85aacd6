// Statistics of the run log: one at a time, shared by equal requests.

import { type Kysely, sql } from 'kysely'
import { z } from 'zod'
import { Gate } from '../admission/gate.ts'
import { cancelled } from '../run/refusal.ts'
import { abortable } from '../waits/abortable.ts'
import { matching, type RunFilter } from './query.ts'
import type { RunLogDatabase } from './schema.ts'

/** Most bars of a chart over time. */
export const MAX_BUCKETS = 60
/** How many keys statistics name. */
const MAX_KEYS = 100
/** How many requests may wait, and how long each, in milliseconds: counting a million runs takes seconds. */
const MAX_WAITING = 8
const MAX_WAIT_MS = 5000
/** Widths of a bar, in milliseconds: round numbers of minutes and hours. */
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const WIDTHS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12, 24, 48, 168, 720, 8760].map((hours) => hours * HOUR_MS),
]

export const statsSchema = z
  .strictObject({
    since: z.iso.datetime(),
    until: z.iso.datetime(),
    runs: z.int().min(0).describe('Runs that ended between `since` and `until`'),
    byStatus: z.record(z.string(), z.int().min(0)),
    byEnvironment: z.record(z.string(), z.int().min(0)),
    byKey: z
      .record(z.string(), z.int().min(0))
      .describe('By name of the API key, the 100 largest; runs without a key have the empty name'),
    durationMs: z
      .strictObject({ p50: z.int().min(0), p95: z.int().min(0), max: z.int().min(0) })
      .nullable()
      .describe('Wall-clock time of the programs, in milliseconds; null if there was no run'),
    cpuMs: z.int().min(0).describe('CPU time of all runs together, in milliseconds'),
    bucketMs: z.int().min(1).describe('Length of a bucket, in milliseconds'),
    buckets: z
      .array(z.strictObject({ start: z.iso.datetime(), byStatus: z.record(z.string(), z.int()) }))
      .describe('Runs over time, without empty buckets'),
  })
  .meta({ id: 'Stats', description: 'Counts of the run log' })

/** Counts of the run log. */
export type Stats = z.output<typeof statsSchema>

/** Which runs are counted. */
export type StatsFilter = RunFilter & { sinceMs: number; untilMs: number }

/** Statistics that are being counted, and how many requests wait for them. */
interface Shared {
  result: Promise<Stats>
  asking: number
  /** Aborted when no request waits any more. */
  abandon: AbortController
}

export class Statistics {
  readonly #database: Kysely<RunLogDatabase>
  readonly #gate: Gate
  readonly #going = new Map<string, Shared>()

  constructor(database: Kysely<RunLogDatabase>, maxWaiting = MAX_WAITING) {
    this.#database = database
    this.#gate = new Gate({ maxRunning: 1, maxWaiting, maxWaitMs: MAX_WAIT_MS })
  }

  /**
   * Statistics of the runs that pass the filter; equal requests share the result.
   * @throws {Refusal} `busy` when too many other requests wait; `cancelled`.
   */
  async get(filter: StatsFilter, signal: AbortSignal): Promise<Stats> {
    if (signal.aborted) throw cancelled(signal)
    const name = JSON.stringify(Object.entries(filter).sort())
    const shared = this.#going.get(name) ?? this.#begin(filter)
    this.#going.set(name, shared)
    shared.asking += 1
    try {
      return await abortable(shared.result, signal)
    } finally {
      shared.asking -= 1
      if (shared.asking === 0) {
        this.#going.delete(name) // the next request must not get an abandoned result
        shared.abandon.abort()
      }
    }
  }

  #begin(filter: StatsFilter): Shared {
    const abandon = new AbortController()
    const count = () => countRuns(this.#database, filter, abandon.signal)
    return { result: this.#gate.use(count, abandon.signal), asking: 0, abandon }
  }
}

/**
 * Makes a few passes over the runs, each with a small result, however many runs and keys there are. A run that is added
 * between two passes may be counted in one of them only.
 */
async function countRuns(
  database: Kysely<RunLogDatabase>,
  filter: StatsFilter,
  signal: AbortSignal,
): Promise<Stats> {
  const { sinceMs, untilMs } = filter
  const runs = () => {
    if (signal.aborted) throw cancelled(signal)
    return matching(database.selectFrom('runs'), filter)
  }
  const bucketMs = Math.ceil(
    WIDTHS_MS.find((ms) => (untilMs - sinceMs) / ms <= MAX_BUCKETS) ?? untilMs - sinceMs,
  )
  // Ordered by time, like the index, so that less has to be sorted.
  const bucket = sql<number>`ended_at_ms - ended_at_ms % ${sql.lit(bucketMs)}`
  const count = sql<number>`count(*)`.as('count')
  const groups = await runs()
    .select([bucket.as('startMs'), 'status', 'environment', count])
    .select([
      sql<number>`sum(cpu_ms)`.as('cpuMs'),
      sql<number>`max(duration_ms)`.as('maxDurationMs'),
    ])
    .groupBy([bucket, 'status', 'environment'])
    .orderBy('startMs')
    .execute()
  const total = sum(groups.map((group) => group.count))
  const keys = await runs()
    .select(['key', count])
    .groupBy('key')
    .orderBy('count', 'desc')
    .limit(MAX_KEYS)
    .execute()
  // From the nearer end, so that fewer rows have to be sorted.
  const durationAt = async (share: number) => {
    const index = Math.min(total - 1, Math.floor(total * share))
    const isNearEnd = index > total / 2
    const row = await runs()
      .select('durationMs')
      .orderBy('durationMs', isNearEnd ? 'desc' : 'asc')
      .limit(1)
      .offset(isNearEnd ? total - 1 - index : index)
      .executeTakeFirst()
    return row?.durationMs ?? 0
  }
  return {
    since: new Date(sinceMs).toISOString(),
    until: new Date(untilMs).toISOString(),
    runs: total,
    byStatus: sumBy(groups, ({ status }) => status),
    byEnvironment: sumBy(groups, ({ environment }) => environment),
    byKey: sumBy(keys, ({ key }) => key ?? ''),
    durationMs:
      total === 0
        ? null
        : {
            p50: await durationAt(0.5),
            p95: await durationAt(0.95),
            max: Math.max(...groups.map((group) => group.maxDurationMs)),
          },
    cpuMs: sum(groups.map((group) => group.cpuMs)),
    bucketMs,
    buckets: [...new Set(groups.map((group) => group.startMs))].map((startMs) => ({
      start: new Date(startMs).toISOString(),
      byStatus: sumBy(
        groups.filter((group) => group.startMs === startMs),
        ({ status }) => status,
      ),
    })),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Sums in a map, because a name may be `__proto__`. */
function sumBy<T extends { count: number }>(rows: readonly T[], nameOf: (row: T) => string) {
  const sums = new Map<string, number>()
  for (const row of rows) sums.set(nameOf(row), (sums.get(nameOf(row)) ?? 0) + row.count)
  return Object.fromEntries(sums)
}
