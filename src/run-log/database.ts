// The database of the run log: SQLite in a file, or Postgres.

import { fileURLToPath } from 'node:url'
import { CamelCasePlugin, Kysely, Migrator, PostgresDialect } from 'kysely'
import { migrations } from './migrations.ts'
import type { RunLogDatabase } from './schema.ts'
import { sqliteDialect } from './sqlite-dialect.ts'

/** How many reads go on at once. */
export const MAX_READS = 2
/**
 * Connections to Postgres, separate for each part, so that a query waits only for queries of its own kind. The writer has
 * one for new records and one for removing old ones.
 */
const CONNECTIONS = { writer: 2, reader: MAX_READS, counter: 1 }
/** How long Postgres may take to answer, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5000
/** How long a query may take, in milliseconds; one that reads a page, or a run, takes a few. */
const QUERY_TIMEOUT_MS = 30_000
const READ_TIMEOUT_MS = 10_000
/** How long a step of a migration may take, in milliseconds: an index of very many runs takes minutes. */
const MIGRATION_TIMEOUT_MS = 30 * 60_000
/** How much longer than Postgres itself we wait for it to give up a query, in milliseconds. */
const GRACE_MS = 1000

export interface DatabaseOptions {
  /** With SQLite, whether the connection refuses writes. A pooler in front of Postgres would pass such a setting on to the writer. */
  isReadOnly?: boolean
  /** How long a query may take, in milliseconds. */
  queryTimeoutMs?: number
  /** Maximum number of connections. */
  maxConnections?: number
}

/** Connections to one database, so that reads wait neither for writes nor for statistics. */
export interface RunDatabases {
  writer: Kysely<RunLogDatabase>
  reader: Kysely<RunLogDatabase>
  counter: Kysely<RunLogDatabase>
  /** For `migrate`, which may take long: no other query waits for it. */
  migration: Kysely<RunLogDatabase>
}

/** Opens nothing yet: the first query does. A connection of SQLite has a thread, and does one thing at a time. */
export function openDatabases(url: string): RunDatabases {
  const { writer, reader, counter } = CONNECTIONS
  return {
    writer: openDatabase(url, { maxConnections: writer }),
    reader: openDatabase(url, {
      isReadOnly: true,
      maxConnections: reader,
      queryTimeoutMs: READ_TIMEOUT_MS,
    }),
    counter: openDatabase(url, { isReadOnly: true, maxConnections: counter }),
    migration: openDatabase(url, { queryTimeoutMs: MIGRATION_TIMEOUT_MS }),
  }
}

/** Closes all of them. */
export async function closeDatabases(databases: RunDatabases): Promise<void> {
  await Promise.all(Object.values(databases).map((database) => database.destroy()))
}

/** Opens nothing yet: the first query does. */
export function openDatabase(url: string, options: DatabaseOptions = {}): Kysely<RunLogDatabase> {
  const { isReadOnly = false, queryTimeoutMs = QUERY_TIMEOUT_MS, maxConnections = 1 } = options
  return new Kysely<RunLogDatabase>({
    dialect: url.startsWith('file:')
      ? sqliteDialect({ path: sqlitePath(url), isReadOnly, queryTimeoutMs })
      : new PostgresDialect({ pool: () => postgresPool(url, queryTimeoutMs, maxConnections) }),
    plugins: [new CamelCasePlugin()],
  })
}

/** Brings the tables up to date; servers that start at once wait for each other. */
export async function migrate(database: Kysely<RunLogDatabase>): Promise<void> {
  // Names of its own tables are as they are, with the plugin or without.
  const migrator = new Migrator({ db: database.withoutPlugins(), provider: migrations })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}

/** `file:./data/runs.db`, as well as `file:///var/lib/runs.db`. */
export function sqlitePath(url: string): string {
  return url.startsWith('file:/') ? fileURLToPath(new URL(url)) : url.slice('file:'.length)
}

async function postgresPool(url: string, queryTimeoutMs: number, maxConnections: number) {
  const { default: pg } = await import('pg')
  const { builtins } = pg.types
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // The first stops a query inside Postgres; the second is for a Postgres that does not answer.
    onConnect: async (client) => {
      await client.query(`set statement_timeout = ${queryTimeoutMs}`)
    },
    query_timeout: queryTimeoutMs + GRACE_MS,
    application_name: 'safe-code-executor',
    // Sums, counts and times in milliseconds are numbers here: all are far below 2^53.
    types: {
      getTypeParser: (type: number, format?: 'text' | 'binary') =>
        type === builtins.INT8 || type === builtins.NUMERIC
          ? Number
          : pg.types.getTypeParser(type, format as 'text'),
    },
  })
  // A connection that breaks is no news: its query fails, and the next one makes another connection. Without these an
  // idle one, or one between two queries, would end the server.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}
