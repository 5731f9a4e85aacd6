// The tables of the run log, step by step. A step that was released is never changed.

import type { Kysely, Migration, MigrationProvider } from 'kysely'

const steps: Record<string, Migration> = {
  '001-runs': {
    async up(database: Kysely<unknown>) {
      await database.schema
        .createTable('runs')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('ended_at_ms', 'bigint', (column) => column.notNull())
        .addColumn('request_id', 'text', (column) => column.notNull())
        .addColumn('key', 'text')
        .addColumn('client_hash', 'text', (column) => column.notNull())
        .addColumn('environment', 'text', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('exit_code', 'integer')
        .addColumn('signal', 'text')
        .addColumn('truncated', 'integer', (column) => column.notNull())
        .addColumn('wait_ms', 'integer', (column) => column.notNull())
        .addColumn('start_ms', 'integer', (column) => column.notNull())
        .addColumn('duration_ms', 'integer', (column) => column.notNull())
        .addColumn('answer_ms', 'integer', (column) => column.notNull())
        .addColumn('cpu_ms', 'bigint', (column) => column.notNull())
        .addColumn('peak_memory_bytes', 'bigint', (column) => column.notNull())
        .addColumn('code_bytes', 'integer', (column) => column.notNull())
        .addColumn('output_bytes', 'integer', (column) => column.notNull())
        .addColumn('code_sha256', 'text', (column) => column.notNull())
        .addColumn('code', 'text')
        .addColumn('error', 'text')
        .addColumn('output', 'text')
        .addColumn('stderr', 'text')
        .execute()
      await database.schema
        .createIndex('runs_by_end')
        .on('runs')
        .columns(['ended_at_ms', 'id'])
        .execute()
    },
  },
  '002-statistics': {
    async up(database: Kysely<unknown>) {
      // All columns that statistics read, so that they never read the rows themselves. Lists still need the other index.
      await database.schema
        .createIndex('runs_for_statistics')
        .on('runs')
        .columns(['ended_at_ms', 'status', 'environment', 'key', 'duration_ms', 'cpu_ms'])
        .execute()
    },
  },
  '003-filters': {
    async up(database: Kysely<unknown>) {
      // One for each filter of a list, in the order of the list: a value that no run has, or few runs have, is found
      // without reading all of them.
      const indexes = {
        runs_by_status: 'status',
        runs_by_environment: 'environment',
        runs_by_key: 'key',
        runs_by_program: 'code_sha256',
        runs_by_client: 'client_hash',
      }
      for (const [name, column] of Object.entries(indexes)) {
        await database.schema
          .createIndex(name)
          .on('runs')
          .columns([column, 'ended_at_ms', 'id'])
          .execute()
      }
    },
  },
}

/** All steps, in the order of their names. */
export const migrations: MigrationProvider = { getMigrations: async () => steps }
