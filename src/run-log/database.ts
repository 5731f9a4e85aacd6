// The database of the run log: SQLite in a file, or Postgres.

import { fileURLToPath } from 'node:url'
import { CamelCasePlugin, type Dialect, Kysely, Migrator, PostgresDialect } from 'kysely'
import { migrations } from './migrations.ts'
import type { RunLogDatabase } from './schema.ts'
import { sqliteDialect } from './sqlite-dialect.ts'

/** Connections to Postgres: one writes, the others read. */
const MAX_CONNECTIONS = 4
/** How long Postgres may take to answer, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5000
const QUERY_TIMEOUT_MS = 30_000

/** Opens nothing yet: the first query does. */
export async function openDatabase(url: string): Promise<Kysely<RunLogDatabase>> {
  return new Kysely<RunLogDatabase>({
    dialect: url.startsWith('file:') ? sqliteDialect(sqlitePath(url)) : await postgresDialect(url),
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

async function postgresDialect(url: string): Promise<Dialect> {
  const { default: pg } = await import('pg')
  const { builtins } = pg.types
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
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
  return new PostgresDialect({ pool })
}
