// What is asked of the run log: put runs in, find them, count them, forget them.

import type { Kysely } from 'kysely'
import { z } from 'zod'
import type { RunDatabases } from './database.ts'
import { matching, type RunFilter } from './query.ts'
import { fromRow, type LoggedRun, type RunLogDatabase, type RunRow } from './schema.ts'
import { Statistics, type StatisticsOptions, type Stats, type StatsFilter } from './stats.ts'

/** How many runs are forgotten in one query: a long one would keep others waiting. */
const FORGET_AT_ONCE = 5000
/** What an id looks like: what does not is of no run, and some of it no database takes. */
const ID = /^[\w-]{1,64}$/

/** One page of runs, the newest first. */
export interface RunPage {
  runs: LoggedRun[]
  /** Where the next page begins; null where this is the last. */
  nextCursor: string | null
}

/** A cursor that is none of ours. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor'
}

export class RunStore {
  readonly #writer: Kysely<RunLogDatabase>
  readonly #reader: Kysely<RunLogDatabase>
  readonly #statistics: Statistics

  constructor({ writer, reader, counter }: RunDatabases, options?: StatisticsOptions) {
    this.#writer = writer
    this.#reader = reader
    this.#statistics = new Statistics(counter, options)
  }

  /** A run that is there already stays as it is: who does not know whether it was written may write it again. */
  async add(rows: readonly RunRow[]): Promise<void> {
    await this.#writer
      .insertInto('runs')
      .values([...rows])
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  }

  async find(id: string): Promise<LoggedRun | undefined> {
    if (!ID.test(id)) return undefined
    const row = await this.#reader
      .selectFrom('runs')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst()
    return row && fromRow(row as RunRow)
  }

  /**
   * Runs that pass the filter, the newest first; `limit` at most, from `cursor` on.
   * @throws {BadCursor} when the cursor is none of ours.
   */
  async list(filter: RunFilter, limit: number, cursor?: string): Promise<RunPage> {
    let query = matching(this.#reader.selectFrom('runs').selectAll(), filter)
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

  /**
   * Counts of the runs that pass the filter, between two times.
   * @throws {Refusal} `busy` when others count already; `cancelled`.
   */
  stats(filter: StatsFilter, signal: AbortSignal): Promise<Stats> {
    return this.#statistics.get(filter, signal)
  }

  /** Forgets runs that ended before a time, and all but the newest `maxRuns`. Returns how many. */
  async forget({ beforeMs, maxRuns }: { beforeMs: number; maxRuns: number }): Promise<number> {
    const firstTooMany = await this.#writer
      .selectFrom('runs')
      .select(['endedAtMs', 'id'])
      .orderBy('endedAtMs', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .offset(maxRuns)
      .executeTakeFirst()
    let forgotten = 0
    for (;;) {
      const deleted = await this.#writer
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

function toCursor({ endedAtMs, id }: RunRow): string {
  return Buffer.from(JSON.stringify([endedAtMs, id])).toString('base64url')
}

const cursorSchema = z.tuple([z.int().min(0), z.string().regex(ID)])

function parseCursor(cursor: string): { endedAtMs: number; id: string } {
  try {
    const [endedAtMs, id] = cursorSchema.parse(
      JSON.parse(Buffer.from(cursor, 'base64url').toString()),
    )
    return { endedAtMs, id }
  } catch {
    throw new BadCursor('is not a cursor of this list')
  }
}
