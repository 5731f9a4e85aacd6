// What is asked of the run log: put runs in, find them, count them, forget them.

import type { Kysely } from 'kysely'
import { z } from 'zod'
import { Gate } from '../admission/gate.ts'
import type { Client } from '../run/record.ts'
import { MAX_READS, type RunDatabases } from './database.ts'
import { matching, type RunFilter } from './query.ts'
import { fromRow, type LoggedRun, type RunLogDatabase, type RunRow } from './schema.ts'
import { Statistics, type Stats, type StatsFilter } from './stats.ts'

/** How many runs are forgotten in one query: a long one would keep others waiting. */
const FORGET_AT_ONCE = 5000
/** How many reads may wait for a turn, and how long each, in milliseconds: most take a few. */
const MAX_WAITING_READS = 32
const MAX_READ_WAIT_MS = 5000
const NEVER = new AbortController().signal
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

/** Who reads: clients take turns, and who left does not wait. Without it a read is the server's own. */
export interface Reading {
  signal?: AbortSignal
  client?: Client
}

export class RunStore {
  readonly #writer: Kysely<RunLogDatabase>
  readonly #reader: Kysely<RunLogDatabase>
  readonly #statistics: Statistics
  readonly #reads: Gate /** `maxWaiting` is how many may wait to read, and how many to count; for tests. */
  constructor({ writer, reader, counter }: RunDatabases, maxWaiting?: number) {
    this.#writer = writer
    this.#reader = reader
    this.#statistics = new Statistics(counter, maxWaiting)
    this.#reads = new Gate({
      maxRunning: MAX_READS,
      maxWaiting: maxWaiting ?? MAX_WAITING_READS,
      maxWaitMs: MAX_READ_WAIT_MS,
    })
  }

  /** A run that is there already stays as it is: who does not know whether it was written may write it again. */
  async add(rows: readonly RunRow[]): Promise<void> {
    await this.#writer
      .insertInto('runs')
      .values([...rows])
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  }

  /** @throws {Refusal} `busy` when too many others read; `cancelled`. */
  async find(id: string, reading: Reading = {}): Promise<LoggedRun | undefined> {
    if (!ID.test(id)) return undefined
    const query = this.#reader.selectFrom('runs').selectAll().where('id', '=', id)
    const row = await this.#read(() => query.executeTakeFirst(), reading)
    return row && fromRow(row)
  }

  /**
   * Runs that pass the filter, the newest first; `limit` at most, from `cursor` on.
   * @throws {BadCursor} when the cursor is none of ours.
   * @throws {Refusal} `busy` when too many others read; `cancelled`.
   */
  async list(
    filter: RunFilter,
    limit: number,
    cursor?: string,
    reading: Reading = {},
  ): Promise<RunPage> {
    const query = pageQuery(this.#reader, filter, limit + 1, cursor)
    const rows = await this.#read(() => query.execute(), reading)
    const shown = rows.slice(0, limit)
    const last = rows.length > limit ? shown.at(-1) : undefined
    return { runs: shown.map(fromRow), nextCursor: last ? toCursor(last) : null }
  }

  #read<T>(query: () => Promise<T>, { signal = NEVER, client }: Reading): Promise<T> {
    return this.#reads.use(query, signal, client)
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
    const last =
      firstTooMany && firstTooMany.endedAtMs >= beforeMs
        ? firstTooMany
        : { endedAtMs: beforeMs, id: '' } // before all of that moment, since no id is empty
    let forgotten = 0
    for (;;) {
      const deleted = await this.#writer
        .deleteFrom('runs')
        .where('id', 'in', forgettable(this.#writer, last))
        .executeTakeFirst()
      forgotten += Number(deleted.numDeletedRows)
      if (Number(deleted.numDeletedRows) < FORGET_AT_ONCE) return forgotten
    }
  }
}

/** Runs that pass the filter, the newest first; `limit` at most, from `cursor` on. */
export function pageQuery(
  database: Kysely<RunLogDatabase>,
  filter: RunFilter,
  limit: number,
  cursor?: string,
) {
  let query = matching(database.selectFrom('runs').selectAll(), filter)
  if (cursor !== undefined) {
    const { endedAtMs, id } = parseCursor(cursor)
    // As one value, which databases look up in an index; of `or` they read all that comes before.
    query = query.where(({ refTuple, tuple, eb }) =>
      eb(refTuple('endedAtMs', 'id'), '<', tuple(endedAtMs, id)),
    )
  }
  return query.orderBy('endedAtMs', 'desc').orderBy('id', 'desc').limit(limit)
}

/** The oldest runs, up to and with the one that ended at this moment and has this id; as many as are forgotten at once. */
export function forgettable(
  database: Kysely<RunLogDatabase>,
  { endedAtMs, id }: Pick<RunRow, 'endedAtMs' | 'id'>,
) {
  return database
    .selectFrom('runs')
    .select('id')
    .where(({ refTuple, tuple, eb }) => eb(refTuple('endedAtMs', 'id'), '<=', tuple(endedAtMs, id)))
    .orderBy('endedAtMs')
    .orderBy('id')
    .limit(FORGET_AT_ONCE)
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
