// Operations of the run log: add runs, find them, count them, remove them.

import type { Kysely } from 'kysely'
import { z } from 'zod'
import { Gate } from '../admission/gate.ts'
import type { Client } from '../run/record.ts'
import { MAX_READS, type RunDatabases } from './database.ts'
import { matching, type RunFilter } from './query.ts'
import { fromRow, type LoggedRun, type RunLogDatabase, type RunRow } from './schema.ts'
import { Statistics, type Stats, type StatsFilter } from './stats.ts'

/** How many runs one query removes: a longer one would block others. */
const FORGET_AT_ONCE = 5000
/** How many reads may wait, and how long each, in milliseconds. Most reads take a few milliseconds. */
const MAX_WAITING_READS = 32
const MAX_READ_WAIT_MS = 5000
const NEVER = new AbortController().signal
/** Form of an id. Other texts belong to no run, and Postgres refuses some of them. */
const ID = /^[\w-]{1,64}$/

/** One page of runs, newest first. */
export interface RunPage {
  runs: LoggedRun[]
  /** Start of the next page; null if this is the last one. */
  nextCursor: string | null
}

/** An invalid cursor. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor'
}

/** The client that reads, and its signal: reads of clients are scheduled fairly. Without a client, the server itself reads. */
export interface Reading {
  signal?: AbortSignal
  client?: Client
}

export class RunStore {
  readonly #writer: Kysely<RunLogDatabase>
  readonly #reader: Kysely<RunLogDatabase>
  readonly #statistics: Statistics
  readonly #reads: Gate

  /** `maxWaiting` is how many may wait to read, and how many to count; for tests. */
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

  /** Adding a run that exists changes nothing, so that a write whose result is unknown can be repeated. */
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
   * Runs that pass the filter, newest first; at most `limit`, from `cursor` on.
   * @throws {BadCursor} when the cursor is invalid.
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

  /** Removes runs that ended before a time, and all but the newest `maxRuns`. Returns how many were removed. */
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

/** Runs that pass the filter, newest first; at most `limit`, from `cursor` on. */
export function pageQuery(
  database: Kysely<RunLogDatabase>,
  filter: RunFilter,
  limit: number,
  cursor?: string,
) {
  let query = matching(database.selectFrom('runs').selectAll(), filter)
  if (cursor !== undefined) {
    const { endedAtMs, id } = parseCursor(cursor)
    // Compared as a tuple, which databases look up in an index; with `or` they would read all earlier rows.
    query = query.where(({ refTuple, tuple, eb }) =>
      eb(refTuple('endedAtMs', 'id'), '<', tuple(endedAtMs, id)),
    )
  }
  return query.orderBy('endedAtMs', 'desc').orderBy('id', 'desc').limit(limit)
}

/** The oldest runs, up to and including the one with this end and id; at most as many as one query removes. */
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
